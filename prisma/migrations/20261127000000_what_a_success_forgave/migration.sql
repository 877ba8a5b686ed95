-- AlterTable
ALTER TABLE "sessions"."sign_in_attempts" ADD COLUMN     "forgave" TEXT[] DEFAULT ARRAY[]::TEXT[];
