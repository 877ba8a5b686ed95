/** Postgres in trouble: no long wait, nothing let in that should not be, nothing lost, and back at work as soon as Postgres is. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Fault, type FaultyWay, openFaultyWay } from '../support/faulty-way.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { rounds } from '../support/rounds.ts'
import { inEveryTopology, startTopology, type Topology, type TopologyName } from '../support/topology.ts'
import { type Findings, type HouseInUse, houseInUse, withoutBudgets } from '../support/under-load.ts'

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

const troubles: Readonly<Record<string, Trouble>> = {
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
  'locked tables': async ({ run }) => {
    const held = run(`DO $$ BEGIN LOCK TABLE ${hotTables} IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(1.4); END $$`)
    return () => held
  },
}

const faults: readonly Fault[] = ['slow', 'frozen', 'forgotten', 'gone', 'cut', 'garbage']
const goesOnMs = 1_050
const all = ['nothing', ...Object.keys(troubles), ...faults]
/** From day to day a few, each in one topology; all of them in both when rounds are asked for. */
const daily: Readonly<Record<TopologyName, readonly string[]>> = {
  embedded: ['stopped', 'locked tables'],
  distributed: ['killed', 'slow'],
}
const rowsOf = (name: TopologyName) => (rounds > 1 ? all : daily[name])

inEveryTopology((name) => {
  const found: Record<string, Findings> = {}
  let postgres: OwnPostgres
  let way: FaultyWay
  let house: Topology
  let inUse: HouseInUse
  beforeAll(async () => {
    postgres = await startOwnPostgres()
    await postgres.run(disk('free'))
    await postgres.run(watchWrites)
    way = await openFaultyWay(postgres.url())
    house = await startTopology(name, { between: async () => way, settings: withoutBudgets })
    inUse = await houseInUse(house.gateways)
  })
  afterAll(async () => {
    console.table(found)
    way?.fail('none')
    await house?.stop()
    await postgres?.stop()
  })

  async function endure(what: string, begin: () => Promise<() => unknown>): Promise<Findings> {
    const findings = await inUse.endure(begin, goesOnMs)
    found[what] = findings
    return findings
  }

  it.each(rowsOf(name))('%s: nobody is let in, nothing is lost', async (what) => {
    const trouble = troubles[what]
    const findings = await endure(what, async () => {
      if (what === 'nothing') return () => {}
      if (trouble) return trouble(postgres, way)
      way.fail(what as Fault)
      return () => way.fail('none')
    })
    expect(findings).toMatchObject({ failOpen: 0, lost: 0 })
  })
})
