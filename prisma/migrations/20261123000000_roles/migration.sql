-- One role per subgraph. Roles belong to the whole cluster, and several databases may migrate at the same moment:
-- the loser of a race finds the role already there. Its own migration, so that nobody waits for more than this.
SET LOCAL lock_timeout = '5s';

DO $$
DECLARE
  subgraph text;
BEGIN
  FOREACH subgraph IN ARRAY ARRAY['latchkey_users', 'latchkey_sessions', 'latchkey_api_keys'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = subgraph) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', subgraph);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;

    -- The application connects as the user who migrates and steps down into these. Whether it can is tried, not looked
    -- up: since Postgres 16 whoever creates a role is its member and still may not become it.
    BEGIN
      EXECUTE format('SET LOCAL ROLE %I', subgraph);
      RESET ROLE;
    EXCEPTION WHEN insufficient_privilege THEN
      BEGIN
        EXECUTE format('GRANT %I TO CURRENT_USER', subgraph);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN
          NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'an administrator of this Postgres has to run: GRANT % TO %',
            quote_ident(subgraph), quote_ident(current_user);
      END;
    END;
  END LOOP;
END
$$;
