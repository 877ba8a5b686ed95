import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openPool } from './pool.ts'
import { aServer } from './server.fixture.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase
beforeAll(async () => {
  home = await testDatabase()
  await runOnce('CREATE TABLE things ()')
})
afterAll(() => home.drop())

function aPool(url: string, poolMax = 10) {
  const pool = openPool({ url, poolMax })
  onTestFinished(() => pool.end())
  return pool
}

async function runOnce(text: string): Promise<void> {
  const pool = openPool({ url: home.url, poolMax: 1 })
  await pool.query({ text })
  await pool.end()
}

async function outcomeOf(pending: Promise<unknown>): Promise<{ said: string; ms: number }> {
  const startedMs = performance.now()
  const said = await pending.then(
    () => 'answered',
    (error: Error) => error.message,
  )
  return { said, ms: performance.now() - startedMs }
}

const noSign = 'the server cannot be asked: it gives no sign of life'
/** Generous, for a machine with other things to do; the time-outs of statements and connections are 2 to 5.5 s. */
const soonMs = 1_500

it('gives up a server that froze: what is on its way, what waits, and what comes; and is back with it', async () => {
  const server = await aServer(home.url)
  const pool = aPool(server.url, 2)
  const ask = () => outcomeOf(pool.query({ text: 'SELECT count(*) FROM things' }))
  await Promise.all([ask(), ask()])
  server.freeze()
  for (const { said, ms } of await Promise.all([ask(), ask(), ask()])) {
    expect(said).toBe(noSign)
    expect(ms).toBeLessThan(soonMs)
  }
  const late = await ask()
  expect(late.said).toBe(noSign)
  expect(late.ms).toBeLessThan(50)
  server.thaw()
  await expect.poll(async () => (await ask()).said, { timeout: 2_000 }).toBe('answered')
})

it('notices that a server froze before anybody asks again, where it was just in use', async () => {
  const server = await aServer(home.url)
  const pool = aPool(server.url, 2)
  const ask = () => outcomeOf(pool.query({ text: 'SELECT 1' }))
  await ask()
  server.freeze()
  await pause(1_200)
  const { said, ms } = await ask()
  expect(said).toBe(noSign)
  expect(ms).toBeLessThan(50)
})

it('opens two connections at a time and no more, and serves whoever wants one', async () => {
  const pool = aPool(home.url, 10)
  const asked = Array.from({ length: 6 }, () => outcomeOf(pool.query({ text: 'SELECT pg_sleep(0.2)' })))
  await new Promise(setImmediate)
  expect(pool.totalCount).toBe(2)
  for (const { said } of await Promise.all(asked)) expect(said).toBe('answered')
  expect(pool.totalCount).toBeGreaterThan(2)
})

it('gives a slow statement its time while the server gives signs', async () => {
  const pool = aPool(home.url, 1)
  const slow = outcomeOf(pool.query({ text: 'SELECT pg_sleep(0.8)' }))
  const behind = outcomeOf(pool.query({ text: 'SELECT 1' }))
  expect((await slow).said).toBe('answered')
  expect((await behind).said).toBe('answered')
})

it('waits for a held lock, and not for a connection first', async () => {
  const pool = aPool(home.url, 2)
  const holder = await aPool(home.url, 1).connect()
  await holder.query('BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE')
  const ask = () => outcomeOf(pool.query({ text: 'SELECT count(*) FROM things' }))
  const outcomes = await Promise.all([ask(), ask(), ask()])
  expect(outcomes.map(({ said }) => said)).toEqual([
    ...['canceling statement due to lock timeout', 'canceling statement due to lock timeout'],
    'the server cannot be asked: a lock is held',
  ])
  for (const { ms } of outcomes) expect(ms).toBeLessThan(soonMs)
  await holder.query('ROLLBACK')
  holder.release()
  await expect.poll(async () => (await ask()).said).toBe('answered')
})
