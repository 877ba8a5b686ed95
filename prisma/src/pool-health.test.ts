import { writeMetrics } from '@latchkey/telemetry/metrics'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openPool } from './pool.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase
beforeAll(async () => {
  home = await testDatabase()
})
afterAll(() => home.drop())

const told = async (name: string) =>
  (await writeMetrics()).text
    .split('\n')
    .filter((line) => line.startsWith(`latchkey_postgres_${name}{role="none"`))
    .map((line) => line.replace(/^.*?role="none",?/, '{'))

it('tells how many connections are busy and who waits for one', async () => {
  const pool = openPool({ url: home.url, poolMax: 2 })
  onTestFinished(() => pool.end())
  const [one, two] = await Promise.all([pool.connect(), pool.connect()])
  const third = pool.query({ text: 'SELECT 1' })
  expect(await told('waiting')).toEqual(['{} 1'])
  expect(await told('connections')).toEqual(['{state="busy"} 2', '{state="idle"} 0', '{state="max"} 2'])
  one.release()
  await third
  two.release()
  expect(await told('waiting')).toEqual(['{} 0'])
  expect(await told('connections')).toEqual(['{state="busy"} 0', '{state="idle"} 2', '{state="max"} 2'])
})

it('tells that Postgres answers, that it does not, and that it does again', async () => {
  const pool = openPool({ url: home.url, poolMax: 1 })
  onTestFinished(() => pool.end())
  expect(await told('up')).toEqual([])
  await pool.query({ text: 'SELECT 1' })
  expect(await told('up')).toEqual(['{} 1'])
  await expect(pool.query({ text: 'SELECT pg_terminate_backend(pg_backend_pid())' })).rejects.toThrow()
  expect(await told('up')).toEqual(['{} 0'])
  await pool.query({ text: 'SELECT 1' })
  expect(await told('up')).toEqual(['{} 1'])
})

it('tells that nobody can connect, and takes a wrong statement for no fault of Postgres', async () => {
  const nowhere = openPool({ url: 'postgresql://nobody@127.0.0.1:1/none' })
  onTestFinished(() => nowhere.end())
  await expect(nowhere.query({ text: 'SELECT 1' })).rejects.toThrow()
  expect(await told('up')).toEqual(['{} 0'])
  const pool = openPool({ url: home.url })
  onTestFinished(() => pool.end())
  await expect(pool.query({ text: 'SELECT nonsense' })).rejects.toThrow()
  expect(await told('up')).toEqual(['{} 1'])
})

it('outlives a connection that is lost while it is lent and nothing is asked', async () => {
  const pool = openPool({ url: home.url, poolMax: 2 })
  onTestFinished(() => pool.end())
  const [lent, other] = await Promise.all([pool.connect(), pool.connect()])
  const lost = new Promise((resolve) => lent.once('end', resolve))
  const { rows } = await lent.query({ text: 'SELECT pg_backend_pid() AS pid' })
  await other.query({ text: 'SELECT pg_terminate_backend($1)', values: [rows[0].pid] })
  await lost
  lent.release()
  other.release()
  expect((await pool.query({ text: 'SELECT 1 AS one' })).rows).toEqual([{ one: 1 }])
})
