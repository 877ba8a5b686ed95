-- Webhooks: where events are sent, up to where audit records were followed, and what became of each delivery.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "users"."webhook_endpoints" (
    "id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "event_types" TEXT[],
    "status" TEXT NOT NULL,
    "disabled_why" TEXT,
    "disabled_at" TIMESTAMPTZ(3),
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_until" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "created_by" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users"."webhook_cursors" (
    "chain" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,

    CONSTRAINT "webhook_cursors_pkey" PRIMARY KEY ("chain")
);

-- CreateTable
CREATE TABLE "users"."webhook_deliveries" (
    "id" TEXT NOT NULL,
    "endpoint_id" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "event_type" TEXT NOT NULL,
    "event_at" TIMESTAMPTZ(3) NOT NULL,
    "body" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL,
    "last_attempt_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "failure" TEXT,
    "http_status" INTEGER,
    "answer" TEXT,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "webhook_endpoints_created_at_id_idx" ON "users"."webhook_endpoints"("created_at", "id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_endpoint_id_status_next_at_idx" ON "users"."webhook_deliveries"("endpoint_id", "status", "next_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_status_event_at_idx" ON "users"."webhook_deliveries"("status", "event_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_endpoint_id_event_at_id_idx" ON "users"."webhook_deliveries"("endpoint_id", "event_at", "id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_event_at_id_idx" ON "users"."webhook_deliveries"("event_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_deliveries_endpoint_id_event_id_key" ON "users"."webhook_deliveries"("endpoint_id", "event_id");

-- AddForeignKey
ALTER TABLE "users"."webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "users"."webhook_endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;
