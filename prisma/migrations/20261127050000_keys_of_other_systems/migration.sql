-- Keys that other systems made come in by their hashes.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "api_keys"."foreign_keys" (
    "key_id" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "lookup" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "hash" TEXT,
    "secret_id" TEXT,
    "rehashed_at" TIMESTAMPTZ(3),

    CONSTRAINT "foreign_keys_pkey" PRIMARY KEY ("key_id")
);

-- CreateTable
CREATE TABLE "api_keys"."foreign_secrets" (
    "id" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "foreign_secrets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "foreign_keys_external_id_key" ON "api_keys"."foreign_keys"("external_id");

-- CreateIndex
CREATE UNIQUE INDEX "foreign_keys_lookup_key" ON "api_keys"."foreign_keys"("lookup");
