-- Accounts that nobody signs in to, with who answers for them; what was told of a key's end.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "api_keys"."key_notices" (
    "key_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "written_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "key_notices_pkey" PRIMARY KEY ("key_id","kind","expires_at")
);

-- CreateTable
CREATE TABLE "users"."service_accounts" (
    "account_id" TEXT NOT NULL,
    "description" TEXT NOT NULL,

    CONSTRAINT "service_accounts_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "users"."service_account_contacts" (
    "account_id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,

    CONSTRAINT "service_account_contacts_pkey" PRIMARY KEY ("account_id","person_id")
);

-- CreateIndex
CREATE INDEX "key_notices_expires_at_idx" ON "api_keys"."key_notices"("expires_at");

-- CreateIndex
CREATE INDEX "service_account_contacts_person_id_idx" ON "users"."service_account_contacts"("person_id");

-- CreateIndex
CREATE INDEX "api_keys_expires_at_idx" ON "api_keys"."api_keys"("expires_at");

-- AddForeignKey
ALTER TABLE "users"."service_accounts" ADD CONSTRAINT "service_accounts_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."service_account_contacts" ADD CONSTRAINT "service_account_contacts_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."service_accounts"("account_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."service_account_contacts" ADD CONSTRAINT "service_account_contacts_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
