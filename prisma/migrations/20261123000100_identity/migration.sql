-- The tables of the three subgraphs: one Postgres schema each, reached by its own role only.
SET LOCAL lock_timeout = '5s';

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "api_keys";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "sessions";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "users";

-- CreateTable
CREATE TABLE "api_keys"."api_keys" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "last_four" TEXT NOT NULL,
    "secret_mac" BYTEA NOT NULL,
    "pepper_id" TEXT NOT NULL,
    "scopes" TEXT[],
    "restrictions" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "environment" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_reason" TEXT,

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys"."audit_records" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "detail" JSONB,

    CONSTRAINT "audit_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys"."outbox" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "available_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "delivered_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions"."signing_keys" (
    "kid" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "slot" TEXT,
    "public_jwk" JSONB NOT NULL,
    "sealed_private_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),
    "active_at" TIMESTAMPTZ(3),
    "retiring_at" TIMESTAMPTZ(3),
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "sessions"."revocations" (
    "session_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "revoked_at" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("session_id")
);

-- CreateTable
CREATE TABLE "sessions"."sign_in_attempts" (
    "id" TEXT NOT NULL,
    "user_id" TEXT,
    "identifier_index" TEXT NOT NULL,
    "sealed_address" TEXT,
    "network" TEXT,
    "device" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_attempts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions"."audit_records" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "action" TEXT NOT NULL,
    "target" TEXT,
    "outcome" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "detail" JSONB,

    CONSTRAINT "audit_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions"."outbox" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "available_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "delivered_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."accounts" (
    "id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "email_index_key_id" TEXT NOT NULL,
    "email_index" TEXT NOT NULL,
    "email_verified_at" TIMESTAMPTZ(3),
    "display_name" TEXT NOT NULL,
    "grants_epoch" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."data_keys" (
    "account_id" TEXT NOT NULL,
    "sealed_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "data_keys_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "users"."passwords" (
    "account_id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "pepper_id" TEXT NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "passwords_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "users"."role_grants" (
    "account_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "granted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "role_grants_pkey" PRIMARY KEY ("account_id","role")
);

-- CreateTable
CREATE TABLE "users"."registrations" (
    "id" TEXT NOT NULL,
    "personal" TEXT NOT NULL,
    "email_index_key_id" TEXT NOT NULL,
    "email_index" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "pepper_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "registrations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."one_time_tokens" (
    "id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "email_index_key_id" TEXT NOT NULL,
    "email_index" TEXT NOT NULL,
    "mac_key_id" TEXT NOT NULL,
    "mac" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "consumed_at" TIMESTAMPTZ(3),

    CONSTRAINT "one_time_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."audit_records" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "action" TEXT NOT NULL,
    "target" TEXT,
    "outcome" TEXT NOT NULL,
    "request_id" TEXT,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."outbox" (
    "id" BIGSERIAL NOT NULL,
    "ref" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "available_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "delivered_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "api_keys_owner_id_created_at_id_idx" ON "api_keys"."api_keys"("owner_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "api_keys_created_at_id_idx" ON "api_keys"."api_keys"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "api_keys_owner_id_revoked_at_expires_at_idx" ON "api_keys"."api_keys"("owner_id", "revoked_at", "expires_at");

-- CreateIndex
CREATE INDEX "audit_records_at_id_idx" ON "api_keys"."audit_records"("at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_records_target_at_idx" ON "api_keys"."audit_records"("target", "at" DESC);

-- CreateIndex
CREATE INDEX "audit_records_actor_id_at_idx" ON "api_keys"."audit_records"("actor_id", "at" DESC);

-- CreateIndex
CREATE INDEX "outbox_delivered_at_available_at_idx" ON "api_keys"."outbox"("delivered_at", "available_at");

-- CreateIndex
CREATE UNIQUE INDEX "signing_keys_slot_key" ON "sessions"."signing_keys"("slot");

-- CreateIndex
CREATE INDEX "signing_keys_state_idx" ON "sessions"."signing_keys"("state");

-- CreateIndex
CREATE INDEX "revocations_revoked_at_session_id_idx" ON "sessions"."revocations"("revoked_at", "session_id");

-- CreateIndex
CREATE INDEX "revocations_until_idx" ON "sessions"."revocations"("until");

-- CreateIndex
CREATE INDEX "sign_in_attempts_user_id_at_id_idx" ON "sessions"."sign_in_attempts"("user_id", "at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "sign_in_attempts_identifier_index_at_id_idx" ON "sessions"."sign_in_attempts"("identifier_index", "at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "sign_in_attempts_at_id_idx" ON "sessions"."sign_in_attempts"("at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_records_at_id_idx" ON "sessions"."audit_records"("at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_records_target_at_idx" ON "sessions"."audit_records"("target", "at" DESC);

-- CreateIndex
CREATE INDEX "audit_records_actor_id_at_idx" ON "sessions"."audit_records"("actor_id", "at" DESC);

-- CreateIndex
CREATE INDEX "outbox_delivered_at_available_at_idx" ON "sessions"."outbox"("delivered_at", "available_at");

-- CreateIndex
CREATE INDEX "accounts_created_at_id_idx" ON "users"."accounts"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "accounts_email_index_key_id_email_index_key" ON "users"."accounts"("email_index_key_id", "email_index");

-- CreateIndex
CREATE INDEX "role_grants_role_account_id_idx" ON "users"."role_grants"("role", "account_id");

-- CreateIndex
CREATE INDEX "registrations_email_index_key_id_email_index_idx" ON "users"."registrations"("email_index_key_id", "email_index");

-- CreateIndex
CREATE INDEX "registrations_expires_at_idx" ON "users"."registrations"("expires_at");

-- CreateIndex
CREATE INDEX "one_time_tokens_subject_id_purpose_idx" ON "users"."one_time_tokens"("subject_id", "purpose");

-- CreateIndex
CREATE INDEX "one_time_tokens_expires_at_idx" ON "users"."one_time_tokens"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "one_time_tokens_mac_key_id_mac_key" ON "users"."one_time_tokens"("mac_key_id", "mac");

-- CreateIndex
CREATE INDEX "audit_records_at_id_idx" ON "users"."audit_records"("at", "id");

-- CreateIndex
CREATE INDEX "audit_records_target_at_idx" ON "users"."audit_records"("target", "at");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_ref_key" ON "users"."outbox"("ref");

-- CreateIndex
CREATE INDEX "outbox_delivered_at_available_at_idx" ON "users"."outbox"("delivered_at", "available_at");

-- AddForeignKey
ALTER TABLE "users"."data_keys" ADD CONSTRAINT "data_keys_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."passwords" ADD CONSTRAINT "passwords_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "users"."role_grants" ADD CONSTRAINT "role_grants_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- Each subgraph's role reaches its own schema and no other. Tables of later migrations inherit this.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

DO $$
DECLARE
  own text;
  subgraph text;
BEGIN
  FOREACH own IN ARRAY ARRAY['users', 'sessions', 'api_keys'] LOOP
    subgraph := 'latchkey_' || own;
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', own);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', own, subgraph);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', own, subgraph);
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I', own, subgraph);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', own, subgraph);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I', own, subgraph);
    -- What was done stays written: the application can add to the record, not change it.
    EXECUTE format('REVOKE UPDATE, DELETE ON %I.audit_records FROM %I', own, subgraph);
  END LOOP;
END
$$;
