-- Audit records name both: the staff member who acted, and in whose place.
SET LOCAL lock_timeout = '5s';

-- AlterTable
ALTER TABLE "sessions"."audit_records" ADD COLUMN     "on_behalf_of" TEXT;

-- AlterTable
ALTER TABLE "users"."audit_records" ADD COLUMN     "on_behalf_of" TEXT;
