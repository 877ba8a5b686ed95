-- Keys whose access list names what the composed schema has no more are listed, so that they can be found and told of once.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "api_keys"."stale_access" (
    "key_id" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "missing" TEXT[],

    CONSTRAINT "stale_access_pkey" PRIMARY KEY ("key_id")
);
