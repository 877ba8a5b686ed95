-- Which passwords are so short that they do beside a second factor only. Of those that were set before nobody knows the length.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "users"."passwords" ADD COLUMN     "needs_factor" BOOLEAN NOT NULL DEFAULT false;
