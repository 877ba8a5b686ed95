/** What is done to a Postgres of a story's own; each gives the way back. */
import type { FaultyWay } from '../../support/faulty-way.ts'
import type { OwnPostgres } from '../../support/own-postgres.ts'

type Trouble = (postgres: OwnPostgres, way: FaultyWay) => Promise<() => unknown>

const hotTables = 'users.accounts, sessions.sign_in_attempts, api_keys.api_keys'

/** As a quota would: every write is refused by the code that Postgres has for a full disk (its disk is not really full). */
const disk = (state: string) => `CREATE OR REPLACE FUNCTION public.on_write() RETURNS trigger LANGUAGE plpgsql AS
  $f$ BEGIN ${state === 'full' ? "RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100';" : ''} RETURN NULL; END $f$`

const watchWrites = `DO $$ DECLARE t record; BEGIN
  GRANT USAGE ON SCHEMA public TO PUBLIC;
  FOR t IN SELECT schemaname s, tablename n FROM pg_tables WHERE schemaname IN ('users', 'sessions', 'api_keys') LOOP
    EXECUTE format('CREATE TRIGGER on_write BEFORE INSERT OR UPDATE ON %I.%I EXECUTE FUNCTION public.on_write()', t.s, t.n);
  END LOOP;
END $$`

/** To be done before anybody uses it. */
export async function readyForTroubles({ run }: OwnPostgres): Promise<void> {
  await run(disk('free'))
  await run(watchWrites)
}

export const postgresTroubles: Readonly<Record<string, Trouble>> = {
  killed: async (postgres, way) => {
    const startAgain = await postgres.kill()
    return async () => {
      await startAgain()
      way.leadTo(postgres.url())
    }
  },
  stopped: (postgres) => postgres.freeze(),
  'read-only': async ({ run }) => {
    await run('ALTER SYSTEM SET default_transaction_read_only = on')
    await run('SELECT pg_reload_conf()')
    return async () => {
      await run('ALTER SYSTEM RESET default_transaction_read_only')
      await run('SELECT pg_reload_conf()')
    }
  },
  'disk full': async ({ run }) => {
    await run(disk('full'))
    return () => run(disk('free'))
  },
  'out of connections': ({ takeAllConnections }) => takeAllConnections(),
  'locked tables': ({ lock }) => lock(hotTables),
}
