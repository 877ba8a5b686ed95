/** What docs/operating/scaling.md says of a Redis Cluster: which of our commands stay within a slot, and that the others let nobody in. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { budgetTerms, usualRates } from '@latchkey/principal/budget-terms'
import type { ApiKeyRecord, SessionRecord } from '@latchkey/principal/credential-records'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { redisKeyBudgets } from '@latchkey/principal/key-budgets.redis'
import type { Redis } from '@latchkey/principal/redis'
import { Cluster, Redis as Connection } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisAttemptStore } from './attempts/store.redis.ts'
import { hasRedis } from './redis.fixture.ts'
import { redisSessionStore } from './sessions/store.redis.ts'
import { redisPendingStore } from './sign-in/store.redis.ts'
import { redisRefreshStore } from './tokens/store.redis.ts'

const [program = 'none'] = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((bin) => ['redis-server', 'valkey-server'].map((name) => join(bin, name)))
  .filter((path) => existsSync(path))

const nodes = 3
const slots = 16_384
const prefix = 'cluster:'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-cluster-'))
const servers: ChildProcess[] = []
let cluster: Cluster

/** Resolves with its port. */
async function startNode(): Promise<number> {
  const [port, bus] = [await freePort(), await freePort()]
  const dir = join(folder, `${port}`)
  mkdirSync(dir)
  const address = ['--port', `${port}`, '--cluster-port', `${bus}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '']
  servers.push(spawn(program, [...address, '--cluster-enabled', 'yes'], { stdio: 'ignore' }))
  return port
}

const untilOk = async (ask: () => Promise<boolean>) => {
  while (!(await ask().catch(() => false))) await pause(20)
}

async function joinAll(ports: readonly number[]): Promise<void> {
  const connections = ports.map((port) => new Connection({ port, host: '127.0.0.1', lazyConnect: true }))
  for (const connection of connections) connection.on('error', () => {})
  for (const [at, connection] of connections.entries()) {
    await untilOk(async () => (await connection.ping()) === 'PONG')
    const [from, to] = [Math.ceil((at * slots) / nodes), Math.ceil(((at + 1) * slots) / nodes) - 1]
    await connection.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
  }
  const [first] = connections
  const busOf = async (connection: Connection) =>
    Number(((await connection.config('GET', 'cluster-port')) as string[])[1])
  for (const [at, connection] of connections.entries())
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', ports[at] ?? 0, await busOf(connection))
  for (const connection of connections)
    await untilOk(async () =>
      /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await connection.call('CLUSTER', 'INFO'))),
    )
  for (const connection of connections) connection.disconnect()
}

/** As a store takes it: what it asks for is the same. */
const asOne = (): Redis => cluster as unknown as Redis

const now = Date.parse('2030-01-01T00:00:00Z')
const session: SessionRecord = {
  ...{ sessionId: 'ses_1', userId: 'usr_1', amr: ['pwd'], acr: 'aal1', device: 'Firefox' },
  ...{ authTimeMs: now, createdAtMs: now, lastSeenAtMs: now, endsAtMs: now + 60_000, idleMs: 30_000, network: null },
}
const key: ApiKeyRecord = {
  ...{ keyId: 'K1', version: 1, ownerId: 'usr_1', secretMac: 'mac', pepperId: 'p', scopes: [], confinement: {} },
  ...{ environment: 'test', expiresAtMs: null, revokedAtMs: null },
}
const grants = { userId: 'usr_1', epoch: 1, active: true, roles: ['user'], scopes: [] }

describe.skipIf(!hasRedis)('on a Redis Cluster', () => {
  beforeAll(async () => {
    const ports: number[] = []
    for (let node = 0; node < nodes; node++) ports.push(await startNode())
    await joinAll(ports)
    cluster = new Cluster([{ host: '127.0.0.1', port: ports[0] ?? 0 }])
    await once(cluster, 'ready')
  })
  afterAll(() => {
    cluster.disconnect()
    for (const server of servers) server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const stores = () => {
    const records = redisCredentialRecords({ redis: asOne(), prefix })
    return { records, sessions: redisSessionStore({ redis: asOne(), prefix, records }) }
  }

  it('a session, its refresh state, counters and pending sign-ins keep to their slots', async () => {
    const { records, sessions } = stores()
    await records.putGrants(grants)
    expect(await records.grants('usr_1')).toEqual(grants)
    expect(await sessions.add(session)).toBe(1)
    const refresh = redisRefreshStore({ redis: asOne(), prefix })
    await refresh.begin(session, now)
    const shown = { nowMs: now, graceMs: 10_000 }
    expect(await refresh.rotate({ sessionId: 'ses_1', counter: 1 }, shown)).toMatchObject({ outcome: 'rotated' })
    const proof = { atMs: now + 1, shown: { amr: ['pwd'] }, idleMs: 1_000 } as const
    expect(await sessions.prove('ses_1', proof)).toMatchObject({ counter: 3 })
    expect(await sessions.end(session)).toBe('ended')
    const attempts = redisAttemptStore({ redis: asOne(), prefix })
    const tried = await attempts.take('c', { id: '1', place: 'p' }, { max: 5, windowMs: 1_000 }, [])
    expect(tried).toMatchObject({ outcome: 'granted' })
    const pending = redisPendingStore({ redis: asOne(), prefix })
    expect(await pending.takeTry('nobody')).toBe(false)
  })

  it('what asks for keys of many is UNAVAILABLE, and lets nobody in', async () => {
    const { records, sessions } = stores()
    await sessions.add(session)
    const terms = budgetTerms(usualRates)
    const budgets = redisKeyBudgets({
      redis: asOne(),
      prefix,
      terms,
      loadUsesSpent: async () => null,
    })
    const many: Readonly<Record<string, () => Promise<unknown>>> = {
      'a session with its grants': () => records.session('ses_1', 'usr_1'),
      'two accounts in one turn': () => Promise.all([records.grants('usr_1'), records.grants('usr_2')]),
      'grants of many': () =>
        records.putManyGrants(['usr_1', 'usr_2', 'usr_3'].map((userId) => ({ ...grants, userId }))),
      'the list of somebody’s sessions': () => sessions.ofUser('usr_1', 10),
      'what a key spends of its own and of its owner’s': () => budgets.spend(key),
      'the end of all of them': () => sessions.forgetUser('usr_1'),
    }
    for (const [what, ask] of Object.entries(many))
      await expect(ask(), what).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } })
  })
})
