-- Mails that may be asked for are counted in one table, one row for each count. What the other one counted of the last day is forgotten.
SET LOCAL lock_timeout = '5s';

-- DropTable
DROP TABLE "users"."mail_allowances";

-- RenameTable
ALTER TABLE "users"."mail_counts" RENAME TO "mail_allowances";
ALTER TABLE "users"."mail_allowances" RENAME CONSTRAINT "mail_counts_pkey" TO "mail_allowances_pkey";
ALTER INDEX "users"."mail_counts_over_at_idx" RENAME TO "mail_allowances_over_at_idx";
