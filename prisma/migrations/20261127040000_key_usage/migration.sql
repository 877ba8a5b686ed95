-- What was done with keys: counted by the minute, the hour and the day, in partitions that end by being dropped.
SET LOCAL lock_timeout = '5s';

-- CreateTable
CREATE TABLE "api_keys"."usage_minutes" (
    "key_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "operation_id" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "subgraphs" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "latency" INTEGER[],

    CONSTRAINT "usage_minutes_pkey" PRIMARY KEY ("key_id", "at", "operation_id", "outcome", "subgraphs")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "api_keys"."usage_hours" (
    "key_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "operation_id" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "subgraphs" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "latency" INTEGER[],

    CONSTRAINT "usage_hours_pkey" PRIMARY KEY ("key_id", "at", "operation_id", "outcome", "subgraphs")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "api_keys"."usage_days" (
    "key_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "operation_id" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "subgraphs" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "latency" INTEGER[],

    CONSTRAINT "usage_days_pkey" PRIMARY KEY ("key_id", "at", "operation_id", "outcome", "subgraphs")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "api_keys"."usage_batches" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "producer" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "before" BIGINT NOT NULL,
    "uses" INTEGER NOT NULL,
    "previous_at" TIMESTAMPTZ(3),
    "counted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_batches_pkey" PRIMARY KEY ("producer", "sequence", "at")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "api_keys"."usage_gaps" (
    "producer" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "lost" BIGINT NOT NULL,
    "noticed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_gaps_pkey" PRIMARY KEY ("producer", "sequence")
);

-- CreateTable
CREATE TABLE "api_keys"."usage_operations" (
    "id" TEXT NOT NULL,
    "coordinates" TEXT[],
    "last_used_on" DATE NOT NULL,

    CONSTRAINT "usage_operations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys"."usage_coordinates" (
    "key_id" TEXT NOT NULL,
    "coordinate" TEXT NOT NULL,
    "last_used_on" DATE NOT NULL,

    CONSTRAINT "usage_coordinates_pkey" PRIMARY KEY ("key_id", "coordinate")
);

-- CreateTable
CREATE TABLE "api_keys"."last_uses" (
    "key_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "operation_id" TEXT NOT NULL,

    CONSTRAINT "last_uses_pkey" PRIMARY KEY ("key_id")
);

-- CreateIndex
CREATE INDEX "usage_batches_counted_at_idx" ON "api_keys"."usage_batches"("counted_at");


-- Two histograms, bucket by bucket; the shorter one has nothing in the rest.
CREATE FUNCTION "api_keys"."add_counts"(one integer[], other integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place), '{}')
  FROM unnest(one, other) WITH ORDINALITY AS pair(a, b, place)
$$;

CREATE AGGREGATE "api_keys"."sum_counts"(integer[]) (SFUNC = "api_keys"."add_counts", STYPE = integer[], INITCOND = '{}');

-- Makes partitions that are missing and drops those that are wholly before a day. The application may not make tables: this does
-- it for these four, by the owner's right. One at a time; a partition is attached without locking readers out.
CREATE FUNCTION "api_keys"."keep_usage_partitions"(kept text, days date[], keep_from date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
DECLARE
  monthly boolean := kept = 'usage_days';
  form text := CASE WHEN kept = 'usage_days' THEN 'YYYYMM' ELSE 'YYYYMMDD' END;
  changed integer := 0;
  day date;
  past record;
  first date;
  next date;
  name text;
BEGIN
  IF kept NOT IN ('usage_minutes', 'usage_hours', 'usage_days', 'usage_batches') THEN
    RAISE EXCEPTION '% is not kept in partitions', kept;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('api_keys usage partitions', 0));
  FOREACH day IN ARRAY days LOOP
    first := CASE WHEN monthly THEN date_trunc('month', day)::date ELSE day END;
    next := CASE WHEN monthly THEN (first + interval '1 month')::date ELSE first + 1 END;
    name := kept || '_' || to_char(first, form);
    CONTINUE WHEN next <= keep_from OR to_regclass(format('api_keys.%I', name)) IS NOT NULL;
    EXECUTE format('CREATE TABLE api_keys.%I (LIKE api_keys.%I INCLUDING ALL)', name, kept);
    EXECUTE format('ALTER TABLE api_keys.%I ATTACH PARTITION api_keys.%I FOR VALUES FROM (%L) TO (%L)',
      kept, name, first || ' 00:00:00+00', next || ' 00:00:00+00');
    changed := changed + 1;
  END LOOP;
  FOR past IN
    SELECT relname, to_date(substring(relname FROM '[0-9]+$'), form) AS begins
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = format('api_keys.%I', kept)::regclass
  LOOP
    next := CASE WHEN monthly THEN (past.begins + interval '1 month')::date ELSE past.begins + 1 END;
    IF next <= keep_from THEN
      EXECUTE format('DROP TABLE api_keys.%I', past.relname);
      changed := changed + 1;
    END IF;
  END LOOP;
  RETURN changed;
END
$$;

REVOKE ALL ON FUNCTION "api_keys"."keep_usage_partitions"(text, date[], date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "api_keys"."keep_usage_partitions"(text, date[], date) TO latchkey_api_keys;
