-- How many sessions whoever holds a role may have, and what happens to one more.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "users"."roles" ADD COLUMN     "session_excess" TEXT,
ADD COLUMN     "session_max" INTEGER;
