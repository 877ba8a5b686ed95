import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from './client.ts'
import { openPool } from './pool.ts'
import { aServer } from './server.fixture.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase
beforeAll(async () => {
  home = await testDatabase()
  await runOnce('CREATE TABLE things ()')
})
afterAll(() => home.drop())

/** `patienceMs` where Postgres is well: the machine may be slow. */
const patient = { patienceMs: 2_000 }

function aPool(url: string, options: { poolMax?: number; patienceMs?: number } = {}) {
  const pool = openPool({ url, ...options })
  onTestFinished(() => pool.end())
  return pool
}

async function idleOf(name: string): Promise<number> {
  const { rows } = await aPool(home.url, { poolMax: 1, ...patient }).query({
    text: "SELECT FROM pg_stat_activity WHERE application_name = $1 AND state = 'idle'",
    values: [name],
  })
  return rows.length
}

async function runOnce(text: string): Promise<void> {
  const pool = openPool({ url: home.url, poolMax: 1, ...patient })
  await pool.query({ text })
  await pool.end()
}

const outcomeOf = (pending: Promise<unknown>): Promise<string> =>
  pending.then(
    () => 'answered',
    (error: Error) => error.message,
  )

/** What is said before anything else can be asked or answered. */
const saidAtOnce = (outcome: Promise<string>): Promise<string> =>
  Promise.race([outcome, new Promise<string>((resolve) => setImmediate(resolve, 'nothing yet'))])

const noSign = 'the server cannot be asked: it gives no sign of life'

it('gives up a server that froze: what is on its way, what waits, and what comes; and is back with it', async () => {
  const server = await aServer(home.url)
  const pool = aPool(server.url, { poolMax: 2 })
  const ask = () => outcomeOf(pool.query({ text: 'SELECT count(*) FROM things' }))
  await Promise.all([ask(), ask()])
  server.freeze()
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([noSign, noSign, noSign])
  expect(await saidAtOnce(ask())).toBe(noSign)
  server.thaw()
  await expect.poll(ask).toBe('answered')
})

it('notices that a server froze before anybody asks again, where it was just in use', async () => {
  const server = await aServer(home.url)
  const url = new URL(server.url)
  url.searchParams.set('application_name', 'in use')
  const pool = aPool(url.href, { poolMax: 2 })
  const ask = () => outcomeOf(pool.query({ text: 'SELECT 1' }))
  await ask()
  // That of the pool, and that on which signs are asked for.
  await expect.poll(() => idleOf('in use')).toBe(2)
  await ask()
  server.freeze()
  await expect.poll(() => pool.totalCount).toBe(0)
  expect(await saidAtOnce(ask())).toBe(noSign)
})

it('opens two connections at a time and no more, and serves whoever wants one', async () => {
  const pool = aPool(home.url, patient)
  const asked = Array.from({ length: 6 }, () => outcomeOf(pool.query({ text: 'SELECT pg_sleep(0.2)' })))
  await new Promise(setImmediate)
  expect(pool.totalCount).toBe(2)
  expect(await Promise.all(asked)).toEqual(Array(6).fill('answered'))
  expect(pool.totalCount).toBeGreaterThan(2)
})

it('gives a slow statement its time while the server gives signs', async () => {
  const pool = aPool(home.url, { poolMax: 1, patienceMs: 3_000 })
  await expect.poll(() => outcomeOf(pool.query({ text: 'SELECT 1' }))).toBe('answered')
  const slow = outcomeOf(pool.query({ text: 'SELECT pg_sleep(3.3)' }))
  const behind = outcomeOf(pool.query({ text: 'SELECT 1' }))
  expect(await Promise.all([slow, behind])).toEqual(['answered', 'answered'])
})

it('gives nothing up before patience is over', async () => {
  const database = openDatabase({ url: home.url, poolMax: 1, patienceMs: 30_000 })
  onTestFinished(() => database.close())
  const asked = (name: string, text: string) => database.query({ name, text }, [])
  const slow = outcomeOf(asked('slow', 'SELECT pg_sleep(5.6)'))
  const behind = outcomeOf(asked('behind', 'SELECT 1'))
  expect(await Promise.all([slow, behind])).toEqual(['answered', 'answered'])
  expect(await outcomeOf(database.prisma.$transaction((within) => within.$executeRaw`SELECT pg_sleep(5.6)`))).toBe(
    'answered',
  )
})

const held = 'the server cannot be asked: every connection is held'
/** Long enough for signs of life to come, and short beside the two seconds that a queue is waited in. */
const brief = { patienceMs: 500 }

it('refuses whoever waits for connections that do not come back, and whoever comes next at once, until one does', async () => {
  const pool = aPool(home.url, { poolMax: 2, ...brief })
  const holders: PoolClient[] = []
  const holdOneMore = () => pool.connect().then((client) => holders.push(client))
  while (holders.length < 2) await holdOneMore().catch(() => {})
  const ask = () => outcomeOf(pool.query({ text: 'SELECT 1' }))
  await expect.poll(() => Promise.all([ask(), ask(), ask()])).toEqual([held, held, held])
  expect(await saidAtOnce(ask())).toBe(held)
  holders[0]?.release()
  await expect.poll(ask).toBe('answered')
  holders[1]?.release()
})

// A busy machine may make all of them late once.
it('waits for longer than that while connections come back', { retry: 10 }, async () => {
  const pool = aPool(home.url, { poolMax: 1, ...brief })
  const asked = Array.from({ length: 4 }, () => outcomeOf(pool.query({ text: 'SELECT pg_sleep(0.45)' })))
  expect(await Promise.all(asked)).toEqual(asked.map(() => 'answered'))
})

it('waits for a held lock, and not for a connection first', async () => {
  const pool = aPool(home.url, { poolMax: 2, ...patient })
  const holder = await aPool(home.url, { poolMax: 1, ...patient }).connect()
  await holder.query('BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE')
  const ask = () => outcomeOf(pool.query({ text: 'SELECT count(*) FROM things' }))
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([
    ...['canceling statement due to lock timeout', 'canceling statement due to lock timeout'],
    'the server cannot be asked: a lock is held',
  ])
  await holder.query('ROLLBACK')
  holder.release()
  await expect.poll(ask).toBe('answered')
})
