-- Since when keys of an account may be somebody else's; they count for nothing until they were taken back.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "users"."accounts" ADD COLUMN     "keys_doubted_since" TIMESTAMPTZ(3);
