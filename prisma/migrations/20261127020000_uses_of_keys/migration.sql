-- What was spent of the uses of keys, written down every few seconds: where counting goes on when Redis has lost its count.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "api_keys"."key_uses" (
    "key_id" TEXT NOT NULL,
    "issue" BIGINT NOT NULL,
    "period_ms" BIGINT NOT NULL,
    "spent" BIGINT NOT NULL,
    "written_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "key_uses_pkey" PRIMARY KEY ("key_id")
);
