-- Every audit record gets a place in a chain of hashes: what waits for one, the links, and the signed head.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "api_keys"."audit_records" ADD COLUMN     "on_behalf_of" TEXT;

-- CreateTable
CREATE TABLE "api_keys"."audit_unlinked" (
    "n" BIGSERIAL NOT NULL,
    "record_id" TEXT NOT NULL,

    CONSTRAINT "audit_unlinked_pkey" PRIMARY KEY ("n")
);

-- CreateTable
CREATE TABLE "api_keys"."audit_links" (
    "seq" BIGINT NOT NULL,
    "record_id" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_links_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "api_keys"."audit_heads" (
    "chain" TEXT NOT NULL,
    "from_seq" BIGINT NOT NULL,
    "from_hash" BYTEA NOT NULL,
    "to_seq" BIGINT NOT NULL,
    "to_hash" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "audit_heads_pkey" PRIMARY KEY ("chain")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_unlinked_record_id_key" ON "api_keys"."audit_unlinked"("record_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_links_record_id_key" ON "api_keys"."audit_links"("record_id");

-- CreateTable
CREATE TABLE "sessions"."audit_unlinked" (
    "n" BIGSERIAL NOT NULL,
    "record_id" TEXT NOT NULL,

    CONSTRAINT "audit_unlinked_pkey" PRIMARY KEY ("n")
);

-- CreateTable
CREATE TABLE "sessions"."audit_links" (
    "seq" BIGINT NOT NULL,
    "record_id" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_links_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "sessions"."audit_heads" (
    "chain" TEXT NOT NULL,
    "from_seq" BIGINT NOT NULL,
    "from_hash" BYTEA NOT NULL,
    "to_seq" BIGINT NOT NULL,
    "to_hash" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "audit_heads_pkey" PRIMARY KEY ("chain")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_unlinked_record_id_key" ON "sessions"."audit_unlinked"("record_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_links_record_id_key" ON "sessions"."audit_links"("record_id");

-- CreateTable
CREATE TABLE "users"."audit_unlinked" (
    "n" BIGSERIAL NOT NULL,
    "record_id" TEXT NOT NULL,

    CONSTRAINT "audit_unlinked_pkey" PRIMARY KEY ("n")
);

-- CreateTable
CREATE TABLE "users"."audit_links" (
    "seq" BIGINT NOT NULL,
    "record_id" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_links_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "users"."audit_heads" (
    "chain" TEXT NOT NULL,
    "from_seq" BIGINT NOT NULL,
    "from_hash" BYTEA NOT NULL,
    "to_seq" BIGINT NOT NULL,
    "to_hash" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "audit_heads_pkey" PRIMARY KEY ("chain")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_unlinked_record_id_key" ON "users"."audit_unlinked"("record_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_links_record_id_key" ON "users"."audit_links"("record_id");

-- A record waits for its place from the moment it is written. What is there already waits in the order of its time.
DO $$
DECLARE
  own text;
BEGIN
  FOREACH own IN ARRAY ARRAY['users', 'sessions', 'api_keys'] LOOP
    EXECUTE format('REVOKE UPDATE, DELETE ON %I.audit_links FROM %I', own, 'latchkey_' || own);
    EXECUTE format('REVOKE DELETE ON %I.audit_heads FROM %I', own, 'latchkey_' || own);
    EXECUTE format('REVOKE UPDATE ON %I.audit_unlinked FROM %I', own, 'latchkey_' || own);
    EXECUTE format('CREATE FUNCTION %1$I.audit_record_waits() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN INSERT INTO %1$I.audit_unlinked (record_id) VALUES (NEW.id); RETURN NULL; END $body$', own);
    EXECUTE format('CREATE TRIGGER audit_record_waits AFTER INSERT ON %1$I.audit_records
      FOR EACH ROW EXECUTE FUNCTION %1$I.audit_record_waits()', own);
    EXECUTE format('INSERT INTO %1$I.audit_unlinked (record_id) SELECT id FROM %1$I.audit_records ORDER BY at, id', own);
  END LOOP;
END
$$;
