-- AlterTable
ALTER TABLE "sessions"."sign_in_attempts" ADD COLUMN     "device_id" TEXT,
ADD COLUMN     "network_index" TEXT NOT NULL DEFAULT '';

-- CreateTable
CREATE TABLE "sessions"."sign_in_unlocks" (
    "subject" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_unlocks_pkey" PRIMARY KEY ("subject")
);

-- CreateTable
CREATE TABLE "sessions"."network_rules" (
    "id" TEXT NOT NULL,
    "network" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "network_rules_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "sign_in_unlocks_at_idx" ON "sessions"."sign_in_unlocks"("at");

-- CreateIndex
CREATE UNIQUE INDEX "network_rules_network_key" ON "sessions"."network_rules"("network");

-- CreateIndex
CREATE INDEX "network_rules_expires_at_idx" ON "sessions"."network_rules"("expires_at");

-- CreateIndex
CREATE INDEX "sign_in_attempts_network_index_at_idx" ON "sessions"."sign_in_attempts"("network_index", "at" DESC);
