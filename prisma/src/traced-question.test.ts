import { keptTraces } from '@latchkey/telemetry/testing'
import { traceBy, tracedFromHere } from '@latchkey/telemetry/traces'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type Database, openDatabase } from './client.ts'
import { storePatienceMs, type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase
beforeAll(async () => {
  home = await testDatabase()
})
afterAll(() => home.drop())

/** What a request is told to have asked, each below what it is a part of. */
async function partsOf(request: (database: Database) => Promise<unknown>) {
  const { tracer, kept } = keptTraces()
  traceBy(tracer)
  const database = openDatabase({ url: home.url, patienceMs: storePatienceMs })
  onTestFinished(async () => {
    traceBy(null)
    await database.close()
  })
  await tracedFromHere(undefined, { name: 'request', kind: 'server' }, () => request(database).catch(() => {}))
  return { kept, asked: kept.filter(({ parent }) => parent === 'request').map(({ name }) => name) }
}

const planted = 'ada@example.com'

it('statements are told by name, those of Prisma by model and action, and nothing of what they are asked with', async () => {
  const { asked, kept } = await partsOf(async ({ query, prisma }) => {
    await query({ name: 'planted_one', text: 'SELECT $1::text AS one' }, [planted])
    await prisma.account.findFirst({ where: { id: planted } })
  })
  expect(asked).toEqual(['postgres planted_one', 'postgres Account.findFirst'])
  expect(JSON.stringify(kept)).not.toContain(planted)
})

it('what runs in a transaction is told below it', async () => {
  const { kept } = await partsOf(({ prisma }) =>
    prisma.$transaction(async (transaction) => {
      await transaction.account.findFirst({ where: { id: planted } })
    }),
  )
  expect(kept.map(({ name, parent }) => [name, parent])).toEqual([
    ['request', null],
    ['postgres transaction', 'request'],
    ['postgres Account.findFirst', 'postgres transaction'],
  ])
})

it('everybody who shares a statement is told to have waited for it; who came first, to have asked it', async () => {
  const { kept } = await partsOf(async ({ batchedRead }) => {
    const statement = { name: 'planted_many', text: 'SELECT unnest($1::text[]) AS key' }
    const read = batchedRead<string, { key: string }>(statement, ({ key }) => key)
    await Promise.all([read('a'), read('b')])
  })
  const named = (name: string) => kept.filter((part) => part.name === name)
  expect(named('postgres planted_many with others')).toHaveLength(2)
  expect(named('postgres planted_many')).toMatchObject([{ parent: 'postgres planted_many with others' }])
})

it('a failure is told by its code', async () => {
  const { kept } = await partsOf(({ query }) => query({ name: 'planted_wrong', text: 'SELECT $1::int' }, [planted]))
  expect(kept.find(({ name }) => name === 'postgres planted_wrong')?.failed).not.toBeNull()
  expect(JSON.stringify(kept)).not.toContain(planted)
})
