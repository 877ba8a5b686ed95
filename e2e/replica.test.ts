/** Lists are read from a replica while it follows closely, and from the primary while it does not; what decides never is. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@latchkey/app/ports'
import { newId, systemEntropy } from '@latchkey/clock'
import { openWithReplica } from '@latchkey/prisma/replica'
import { testRedis } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, ask, bearer, registered, signedIn } from './support/client.ts'
import { startPgbouncer } from './support/deployment/pgbouncer.ts'
import { programAt } from './support/deployment/programs.ts'
import { type OwnReplica, startWithReplica } from './support/own-replica.ts'
import { rounds } from './support/rounds.ts'
import { startTopology, type Topology } from './support/topology.ts'

const users = '{ users(first: 100) { edges { node { id } } } }'
const events = '{ auditEvents(first: 100, filter: { action: "account.register" }) { edges { node { target } } } }'
/** Longer than a slow machine takes for what is asked meanwhile. */
const lagSeconds = 12
const third = newId(systemEntropy, 'usr')

/** Both of them as one process of a subgraph sees them through a PgBouncer that pools transactions. */
async function bouncing({ primaryUrl, replicaUrl }: OwnReplica) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bouncer-'))
  chmodSync(folder, 0o755) // PgBouncer reads it as nobody
  const port = await freePort()
  const { username, password, pathname } = new URL(primaryUrl)
  const lead = (name: string, { hostname, port: to }: URL) =>
    `${name} = host=${hostname} port=${to} dbname=${pathname.slice(1)} user=${username} password=${password}`
  const databases = [lead('primary', new URL(primaryUrl)), lead('replica', new URL(replicaUrl))].join('\n')
  const bouncer = startPgbouncer({ folder, port, databases, users: `"${username}" "${password}"` })
  const at = (name: string) => `postgresql://${username}@127.0.0.1:${port}/${name}?pgbouncer=true`
  const stores = openWithReplica({ url: at('primary'), replicaUrl: at('replica'), lagMaxMs: lagSeconds * 1_000 })
  await expect.poll(() => stores.database.ping().then(() => 'there', String)).toBe('there')
  return {
    ...stores,
    async close() {
      await stores.close()
      await bouncer.end('SIGINT')
      rmSync(folder, { recursive: true })
    },
  }
}

describe.skipIf(!testRedis()).each(rounds > 1 ? (['embedded', 'distributed'] as const) : (['embedded'] as const))(
  'beside a replica, %s',
  (name) => {
    let postgres: OwnReplica
    let house: Topology
    let admin: Awaited<ReturnType<typeof signedIn>>
    beforeAll(async () => {
      postgres = await startWithReplica()
      house = await startTopology(name, {
        between: async () => ({ url: postgres.primaryUrl, close() {} }),
        settings: {
          LATCHKEY_DATABASE_REPLICA_URL: postgres.replicaUrl,
          LATCHKEY_DATABASE_REPLICA_LAG: String(lagSeconds),
        },
      })
      admin = await anAdministrator(house)
    })
    afterAll(async () => {
      await house?.stop()
      await postgres?.stop()
    })

    const listed = async (query: string): Promise<number> => {
      const { data, errors } = await ask(house.gateways[0], bearer(admin.accessToken), query)
      expect(errors).toEqual([])
      return Object.values<{ edges: unknown[] }>(data)[0]?.edges.length ?? -1
    }
    /** One more account, on the primary and at once. */
    const addAccount = (id: string) =>
      postgres.onPrimary(`INSERT INTO users.accounts
        SELECT (jsonb_populate_record(a, '{"id": "${id}"}')).* FROM users.accounts a ORDER BY created_at LIMIT 1`)

    it('asks the replica for lists, and nothing of it who somebody is', async () => {
      await listed(users)
      await expect.poll(() => listed(users)).toBe(1)
      await postgres.onReplica('SELECT pg_wal_replay_pause()')
      const newcomer = await registered(house.gateways[0])
      expect(await listed(users)).toBe(1)
      expect((await signedIn(house.gateways[1], newcomer)).accessToken).not.toBe('')
    })

    it('asks the primary once the replica is further behind than it may be, and the replica when it is there again', async () => {
      await expect.poll(() => listed(users)).toBe(2)
      expect(await listed(events)).toBeGreaterThan(0)
      await postgres.onReplica('SELECT pg_wal_replay_resume()')
      await expect.poll(() => listed(users)).toBe(2)
    })

    it.skipIf(!programAt('pgbouncer'))('is read behind a PgBouncer as without one', async () => {
      const through = await bouncing(postgres)
      const text = 'SELECT pg_is_in_recovery() AS "atReplica"'
      const asked = async () =>
        (await through.laggingReads.query<{ atReplica: boolean }>({ name: 'where', text }, []))[0]?.atReplica
      const goes = (where: boolean) => expect.poll(asked).toBe(where)
      try {
        await goes(true)
        await postgres.onReplica('SELECT pg_wal_replay_pause()')
        await postgres.onPrimary('UPDATE users.cleanups SET due_at = due_at')
        await goes(false)
        await postgres.onReplica('SELECT pg_wal_replay_resume()')
        await goes(true)
      } finally {
        await through.close()
      }
    })

    it('shows a list all the same when the replica is gone, and nobody waits for it', async () => {
      await addAccount(third)
      await postgres.endReplica()
      const shown = await Promise.all(Array.from({ length: 20 }, () => listed(users)))
      expect(new Set(shown)).toEqual(new Set([3]))
    })
  },
)
