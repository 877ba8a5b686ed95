-- The whole life of an account: profile, suspension, erasure, second factors, passkeys, roles of one's own. Identifiers get
-- a table, so that one account can be found under several keys of the blind index, and by more than its address.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "sessions"."sign_in_attempts" ADD COLUMN     "method" TEXT NOT NULL DEFAULT 'PASSWORD';

-- CreateTable
CREATE TABLE "users"."identifiers" (
    "kind" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "mac" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,

    CONSTRAINT "identifiers_pkey" PRIMARY KEY ("kind","key_id","mac")
);

INSERT INTO "users"."identifiers" ("kind", "key_id", "mac", "account_id")
SELECT 'email', "email_index_key_id", "email_index", "id" FROM "users"."accounts";

-- DropIndex
DROP INDEX "users"."accounts_email_index_key_id_email_index_key";

-- AlterTable
ALTER TABLE "users"."accounts" DROP COLUMN "email_index",
DROP COLUMN "email_index_key_id",
ADD COLUMN     "admin_metadata" TEXT,
ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "erase_at" TIMESTAMPTZ(3),
ADD COLUMN     "erasing_since" TIMESTAMPTZ(3),
ADD COLUMN     "external_id" TEXT,
ADD COLUMN     "email_codes_enabled" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "last_sign_in_at" TIMESTAMPTZ(3),
ADD COLUMN     "private_metadata" TEXT,
ADD COLUMN     "profile" TEXT,
ADD COLUMN     "public_metadata" TEXT,
ADD COLUMN     "session_epoch" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "session_kept" TEXT,
ADD COLUMN     "suspended_at" TIMESTAMPTZ(3),
ADD COLUMN     "suspended_by" TEXT,
ADD COLUMN     "suspended_reason" TEXT,
ADD COLUMN     "suspended_until" TIMESTAMPTZ(3),
ADD COLUMN     "username" TEXT,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "users"."one_time_tokens" ADD COLUMN     "code_mac" TEXT,
ADD COLUMN     "code_tries" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "payload" TEXT;

-- AlterTable
ALTER TABLE "users"."passwords" ADD COLUMN     "change_tries" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "change_tries_since" TIMESTAMPTZ(3),
ALTER COLUMN "pepper_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "users"."roles" (
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "scopes" TEXT[],
    "second_factor_grace_days" INTEGER,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "roles_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "users"."role_inclusions" (
    "role" TEXT NOT NULL,
    "included" TEXT NOT NULL,

    CONSTRAINT "role_inclusions_pkey" PRIMARY KEY ("role","included")
);

-- What the built-in roles permit is declared in code and schemas; a row holds what an installation adds to it.
INSERT INTO "users"."roles" ("name", "description", "scopes", "created_at") VALUES
  ('user', 'Everyone with an account: their own things.', '{}', now()),
  ('admin', 'Administrators: everyone''s things.', '{}', now());

-- CreateTable
CREATE TABLE "users"."mail_allowances" (
    "subject" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "ref" TEXT NOT NULL,

    CONSTRAINT "mail_allowances_pkey" PRIMARY KEY ("subject","ref")
);

-- CreateTable
CREATE TABLE "users"."mail_counts" (
    "subject" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3)[],
    "over_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mail_counts_pkey" PRIMARY KEY ("subject")
);

-- CreateTable
CREATE TABLE "users"."totp_factors" (
    "account_id" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "confirmed_at" TIMESTAMPTZ(3),
    "last_used_step" BIGINT,
    "wrong_codes" INTEGER NOT NULL DEFAULT 0,
    "wrong_code_at" TIMESTAMPTZ(3),

    CONSTRAINT "totp_factors_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "users"."recovery_codes" (
    "account_id" TEXT NOT NULL,
    "mac_key_id" TEXT NOT NULL,
    "mac" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "recovery_codes_pkey" PRIMARY KEY ("account_id","mac_key_id","mac")
);

-- CreateTable
CREATE TABLE "users"."passkeys" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "public_key" BYTEA NOT NULL,
    "sign_count" BIGINT NOT NULL,
    "transports" TEXT[],
    "aaguid" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "backed_up" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "sign_count_alarm_at" TIMESTAMPTZ(3),

    CONSTRAINT "passkeys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."passkey_enrolments" (
    "account_id" TEXT NOT NULL,
    "challenge" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "passkey_enrolments_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "users"."email_codes" (
    "reference" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "mac_key_id" TEXT NOT NULL,
    "mac" TEXT NOT NULL,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "email_codes_pkey" PRIMARY KEY ("reference")
);

-- CreateTable
CREATE TABLE "users"."data_exports" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "document" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ready_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "data_exports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."erasures" (
    "account_id" TEXT NOT NULL,
    "erased_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "erasures_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE INDEX "identifiers_account_id_kind_idx" ON "users"."identifiers"("account_id", "kind");

-- CreateIndex
CREATE INDEX "identifiers_key_id_idx" ON "users"."identifiers"("key_id");

-- CreateIndex
CREATE INDEX "role_inclusions_included_idx" ON "users"."role_inclusions"("included");

-- CreateIndex
CREATE INDEX "mail_allowances_subject_sent_at_idx" ON "users"."mail_allowances"("subject", "sent_at");

-- CreateIndex
CREATE INDEX "mail_allowances_sent_at_idx" ON "users"."mail_allowances"("sent_at");

-- CreateIndex
CREATE INDEX "mail_counts_over_at_idx" ON "users"."mail_counts"("over_at");

-- CreateIndex
CREATE INDEX "passkeys_account_id_created_at_idx" ON "users"."passkeys"("account_id", "created_at");

-- CreateIndex
CREATE INDEX "passkey_enrolments_expires_at_idx" ON "users"."passkey_enrolments"("expires_at");

-- CreateIndex
CREATE INDEX "email_codes_account_id_idx" ON "users"."email_codes"("account_id");

-- CreateIndex
CREATE INDEX "email_codes_expires_at_idx" ON "users"."email_codes"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "data_exports_account_id_key" ON "users"."data_exports"("account_id");

-- CreateIndex
CREATE INDEX "data_exports_expires_at_idx" ON "users"."data_exports"("expires_at");

-- CreateIndex
CREATE INDEX "erasures_settled_at_erased_at_idx" ON "users"."erasures"("settled_at", "erased_at");

-- AlterTable
ALTER TABLE "users"."outbox" ADD COLUMN     "subject_id" TEXT;

-- CreateIndex
CREATE INDEX "outbox_subject_id_idx" ON "users"."outbox"("subject_id");

-- CreateIndex
CREATE INDEX "accounts_status_created_at_id_idx" ON "users"."accounts"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "accounts_last_sign_in_at_id_idx" ON "users"."accounts"("last_sign_in_at", "id");

-- CreateIndex
CREATE INDEX "accounts_erase_at_idx" ON "users"."accounts"("erase_at");

-- CreateIndex
CREATE INDEX "one_time_tokens_email_index_purpose_created_at_idx" ON "users"."one_time_tokens"("email_index", "purpose", "created_at");

-- CreateIndex
CREATE INDEX "passwords_pepper_id_idx" ON "users"."passwords"("pepper_id");

-- AddForeignKey
ALTER TABLE "users"."identifiers" ADD CONSTRAINT "identifiers_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."role_inclusions" ADD CONSTRAINT "role_inclusions_role_fkey" FOREIGN KEY ("role") REFERENCES "users"."roles"("name") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."role_inclusions" ADD CONSTRAINT "role_inclusions_included_fkey" FOREIGN KEY ("included") REFERENCES "users"."roles"("name") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."totp_factors" ADD CONSTRAINT "totp_factors_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."recovery_codes" ADD CONSTRAINT "recovery_codes_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."passkeys" ADD CONSTRAINT "passkeys_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."passkey_enrolments" ADD CONSTRAINT "passkey_enrolments_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."data_exports" ADD CONSTRAINT "data_exports_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Why a key was revoked is said by its row, which can be emptied; a record is never changed, so it holds no words of anyone's.
UPDATE "api_keys"."audit_records" SET "detail" = "detail" - 'reason' WHERE "detail" ? 'reason';

-- CreateTable
CREATE TABLE "api_keys"."forgotten_owners" (
    "owner_id" TEXT NOT NULL,
    "forgotten_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "forgotten_owners_pkey" PRIMARY KEY ("owner_id")
);
