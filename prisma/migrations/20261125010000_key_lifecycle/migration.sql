-- Keys that are described, set aside for a while, and followed by another.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "api_keys"."api_keys" ADD COLUMN     "description" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "disabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "metadata" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "successor_id" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_successor_id_key" ON "api_keys"."api_keys"("successor_id");
