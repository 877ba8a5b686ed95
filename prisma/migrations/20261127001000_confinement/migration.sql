-- What a key is confined to becomes one document. Nothing was ever kept in the list that it replaces.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "api_keys"."api_keys" DROP COLUMN "restrictions",
ADD COLUMN     "confinement" JSONB NOT NULL DEFAULT '{}';
