import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { systemEntropy as entropy, hourMs, secondMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { silentLogger as logger } from '@latchkey/telemetry'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Database, openDatabase } from '../client.ts'
import { storePatienceMs, type TestDatabase, testDatabase } from '../testing.ts'
import { type Chore, type Cleanups, createCleaning } from './cleanup.ts'

let home: TestDatabase
let database: Database
let clock: ReturnType<typeof clockAt>

beforeEach(async () => {
  home = await testDatabase()
  database = openDatabase({ url: home.url, role: 'latchkey_users', patienceMs: storePatienceMs })
  clock = clockAt('2030-01-01T00:00:00Z')
})
afterEach(async () => {
  await database.close()
  await home.drop()
})

const ask = <Row>(text: string, values: unknown[] = []) => database.query<Row>({ name: '', text }, values)

/** Codes that have been over for long, and as many that are not. */
const addCodes = (count: number) =>
  ask(
    `INSERT INTO users.email_codes (reference, account_id, mac_key_id, mac, expires_at)
     SELECT 'ref_' || n, 'usr_' || n, 'k', '', CASE WHEN n % 2 = 0 THEN timestamptz '2100-01-01' ELSE '2020-01-01' END
     FROM generate_series(1, $1 * 2) AS n`,
    [count],
  )

const left = async () => (await ask<{ n: number }>('SELECT count(*)::int AS n FROM users.email_codes'))[0]?.n
const leaseOf = async (job: string) =>
  (
    await ask<{ holder: string | null; removed: number; done: boolean }>(
      'SELECT holder, removed::int, ended_at IS NOT NULL AS done FROM users.cleanups WHERE job = $1',
      [job],
    )
  )[0]

const codes = { table: 'users.email_codes', over: 'r.expires_at <= $1', everyMs: hourMs }

/** One more process, and how many rows each of its statements removed. */
function aProcess(cleanups: Cleanups = { codes }, own: { batchRows?: number; leaseMs?: number } = {}) {
  const connection = openDatabase({ url: home.url, role: 'latchkey_users', patienceMs: storePatienceMs })
  const batches: number[] = []
  const watched: Pick<Database, 'query'> = {
    async query<Row>(...asked: Parameters<Database['query']>) {
      const rows = await connection.query<Row & { removed?: number }>(...asked)
      for (const { removed } of rows) if (removed) batches.push(removed)
      return rows
    },
  }
  const cleaning = createCleaning({
    ...{ database: watched, schema: 'users', cleanups, clock, entropy, logger, batchRows: 100 },
    ...own,
  })
  onTestFinished(async () => {
    await cleaning.close()
    await connection.close()
  })
  return { ...cleaning, batches }
}

const chore = (run: Chore['run']): Cleanups => ({ chore: { everyMs: hourMs, run } })

describe('cleaning up', () => {
  it('removes what is over in bounded batches, each row once, in however many processes', async () => {
    await addCodes(1_050)
    const processes = Array.from({ length: 4 }, () => aProcess())
    await Promise.all(processes.map(({ clean }) => clean()))
    const batches = processes.flatMap((process) => process.batches)
    expect(batches.reduce((sum, rows) => sum + rows, 0)).toBe(1_050)
    expect(Math.max(...batches)).toBe(100)
    expect(await left()).toBe(1_050)
    expect(await leaseOf('codes')).toEqual({ holder: null, removed: 1_050, done: true })
    expect(processes.filter((process) => process.batches.length > 0)).toHaveLength(1)
  })

  it('is done again once its time has come, and not before', async () => {
    const first = aProcess()
    await first.clean()
    await addCodes(3)
    clock.advance(hourMs - 1)
    await aProcess().clean()
    expect(await left()).toBe(6)
    clock.advance(1)
    await aProcess().clean()
    expect(await left()).toBe(3)
  })

  it('leaves rows that somebody uses, and holds up nobody who uses others', async () => {
    await addCodes(300)
    await database.prisma.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT FROM users.email_codes WHERE account_id = 'usr_1' FOR UPDATE`
      await aProcess().clean()
    })
    expect(
      await ask<{ id: string }>("SELECT account_id AS id FROM users.email_codes WHERE expires_at < '2100-01-01'"),
    ).toEqual([{ id: 'usr_1' }])
  })

  it('is tried again in a minute when it failed, and says so nowhere but in the log', async () => {
    let tries = 0
    const failing = chore(async () => {
      tries += 1
      if (tries === 1) throw new Error('told to fail')
      return 7
    })
    await aProcess(failing).clean()
    expect(await leaseOf('chore')).toEqual({ holder: null, removed: 0, done: false })
    clock.advance(60 * secondMs)
    await aProcess(failing).clean()
    expect(await leaseOf('chore')).toEqual({ holder: null, removed: 7, done: true })
  })

  it('is open to others at once when its process ends in good order', async () => {
    let begun = () => {}
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve
    })
    const untilEnding = chore(
      (ending) =>
        new Promise((resolve) => {
          ending.addEventListener('abort', () => resolve(1))
          begun()
        }),
    )
    const first = aProcess(untilEnding)
    first.start()
    await hasBegun
    await first.close()
    let runs = 0
    await aProcess(chore(async () => ++runs)).clean()
    expect([runs, await leaseOf('chore')]).toEqual([1, { holder: null, removed: 2, done: true }])
  })

  it('goes to somebody else when its process gives no sign, and a chore is told that it lost it', async () => {
    let told = () => {}
    const isTold = new Promise<void>((resolve) => {
      told = resolve
    })
    const slow = aProcess(
      chore(async (ending) => {
        await ask("UPDATE users.cleanups SET holder = 'somebody else' WHERE job = 'chore'")
        await new Promise((resolve) => ending.addEventListener('abort', resolve))
        told()
        return 1
      }),
      { leaseMs: 60 },
    )
    await slow.clean()
    await isTold
    expect(await leaseOf('chore')).toEqual({ holder: 'somebody else', removed: 0, done: false })
  })
})

const file = fileURLToPath(new URL('cleaner.fixture.ts', import.meta.url))

function spawnCleaner(): ChildProcess {
  const flags = ['--conditions=@latchkey/source', '--import', 'tsx']
  const child = spawn(process.execPath, [...flags, file, home.url], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

describe('of two processes', () => {
  it.each([
    ['is killed', 'SIGKILL'],
    ['stands still', 'SIGSTOP'],
  ] as const)('the one that cleans up %s, and the other one follows it within its lease', async (_what, signal) => {
    await addCodes(20_000)
    const child = spawnCleaner()
    await expect.poll(left, { timeout: 60_000, interval: 5 }).toBeLessThan(40_000)
    child.kill(signal)
    const before = await left()
    const other = aProcess({ codes }, { batchRows: 1_000 })
    await expect.poll(() => other.clean().then(left), { timeout: 60_000 }).toBe(20_000)
    child.kill('SIGCONT')
    const removedHere = other.batches.reduce((sum, rows) => sum + rows, 0)
    expect(before).toBeGreaterThan(20_000)
    expect(Math.abs(Number(before) - 20_000 - removedHere)).toBeLessThanOrEqual(10)
  })
})
