-- Audit records leave when their time is over, at the beginning of the chain and with their links; lists by action and outcome have an index.
SET LOCAL lock_timeout = '5s';

-- The subgraph's role may delete neither records nor links: this does it, by the owner's right, for what is old enough whoever asks.
-- The head is compared and moved with it: of two that come at once one removes nothing.
DO $$
DECLARE
  own text;
BEGIN
  FOREACH own IN ARRAY ARRAY['users', 'sessions', 'api_keys'] LOOP
    EXECUTE format('CREATE FUNCTION %1$I.audit_forget(
        was_from bigint, was_to bigint, now_from bigint, now_from_hash bytea, now_key_id text, now_mac bytea, before timestamptz)
      RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = ''2s'' AS $body$
      BEGIN
        IF now_from - was_from NOT BETWEEN 1 AND 1000 OR now_from > was_to THEN
          RAISE EXCEPTION ''audit records are removed from the beginning, at most 1000 at once'';
        END IF;
        UPDATE %1$I.audit_heads SET from_seq = now_from, from_hash = now_from_hash, key_id = now_key_id, mac = now_mac
          WHERE chain = ''records'' AND from_seq = was_from AND to_seq = was_to;
        IF NOT FOUND THEN RETURN false; END IF;
        IF before > now() - interval ''30 days'' OR EXISTS (
          SELECT FROM %1$I.audit_links l JOIN %1$I.audit_records r ON r.id = l.record_id
          WHERE l.seq > was_from AND l.seq <= now_from AND r.at >= before) THEN
          RAISE EXCEPTION ''audit records are kept for 30 days at least'';
        END IF;
        WITH gone AS (DELETE FROM %1$I.audit_links WHERE seq > was_from AND seq <= now_from RETURNING record_id)
          DELETE FROM %1$I.audit_records WHERE id IN (SELECT record_id FROM gone);
        RETURN true;
      END $body$', own);
    EXECUTE format('REVOKE ALL ON FUNCTION %I.audit_forget(bigint, bigint, bigint, bytea, text, bytea, timestamptz) FROM PUBLIC', own);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %I.audit_forget(bigint, bigint, bigint, bytea, text, bytea, timestamptz) TO %I',
      own, 'latchkey_' || own);
  END LOOP;
END
$$;

-- Where there are millions of records, make these by hand and CONCURRENTLY before: writing waits for as long as they are made.
CREATE INDEX IF NOT EXISTS "audit_records_action_at_idx" ON "api_keys"."audit_records"("action", "at" DESC);
CREATE INDEX IF NOT EXISTS "audit_records_outcome_at_idx" ON "api_keys"."audit_records"("outcome", "at" DESC);
CREATE INDEX IF NOT EXISTS "audit_records_action_at_idx" ON "sessions"."audit_records"("action", "at" DESC);
CREATE INDEX IF NOT EXISTS "audit_records_outcome_at_idx" ON "sessions"."audit_records"("outcome", "at" DESC);
CREATE INDEX IF NOT EXISTS "audit_records_action_at_idx" ON "users"."audit_records"("action", "at");
CREATE INDEX IF NOT EXISTS "audit_records_outcome_at_idx" ON "users"."audit_records"("outcome", "at");
CREATE INDEX IF NOT EXISTS "audit_records_actor_id_at_idx" ON "users"."audit_records"("actor_id", "at");
