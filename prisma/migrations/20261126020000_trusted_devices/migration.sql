-- Devices on which a second factor is not asked for again for a while.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "users"."trusted_devices" (
    "account_id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "session_epoch" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "network" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "trusted_devices_pkey" PRIMARY KEY ("account_id","device_id")
);

-- CreateIndex
CREATE INDEX "trusted_devices_expires_at_idx" ON "users"."trusted_devices"("expires_at");

-- AddForeignKey
ALTER TABLE "users"."trusted_devices" ADD CONSTRAINT "trusted_devices_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users"."accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
