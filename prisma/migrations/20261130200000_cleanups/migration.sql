-- Who cleans up what: a lease for each job, so that of all processes of a subgraph one is at it.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "api_keys"."cleanups" (
    "job" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "holder" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "removed" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "cleanups_pkey" PRIMARY KEY ("job")
);

-- CreateTable
CREATE TABLE "sessions"."cleanups" (
    "job" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "holder" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "removed" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "cleanups_pkey" PRIMARY KEY ("job")
);

-- CreateTable
CREATE TABLE "users"."cleanups" (
    "job" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "holder" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "removed" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "cleanups_pkey" PRIMARY KEY ("job")
);
