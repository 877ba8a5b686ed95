import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openPool } from './pool.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase

beforeAll(async () => {
  home = await testDatabase()
})
afterAll(() => home.drop())

describe('the pool', () => {
  it.each(['SELECT 1', 'SELECT nonsense'])(
    'never hands on a connection inside a transaction left after %s',
    async (last) => {
      const pool = openPool({ url: home.url, poolMax: 1 })
      onTestFinished(() => pool.end())
      const abandoned = await pool.connect()
      await abandoned.query('BEGIN')
      await abandoned.query(last).catch(() => {})
      abandoned.release()
      const { rows } = await pool.query({ text: 'SELECT now() = statement_timestamp() AS "ownTransaction"' })
      expect(rows).toEqual([{ ownTransaction: true }])
    },
  )

  it('keeps a connection whose transaction is over', async () => {
    const pool = openPool({ url: home.url, poolMax: 1 })
    onTestFinished(() => pool.end())
    const backend = async () => (await pool.query({ text: 'SELECT pg_backend_pid() AS pid' })).rows
    const before = await backend()
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('COMMIT')
    client.release()
    expect(await backend()).toEqual(before)
  })
})
