import type { Database } from '@latchkey/prisma'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aChain, type ChainUnderTest } from './audit.fixture.ts'
import { prismaRecordReader, type RecordQuery } from './reader.prisma.ts'

const records = 30_000

const linksOf = (from: number, to: number) => `
  INSERT INTO users.audit_links (seq, record_id, hash)
  SELECT n, 'aud_' || lpad(n::text, 8, '0'), '\\x00' FROM generate_series(${from}, ${to}) n`

/** One a minute; half of all is done by one service, three were refused, and one in a hundred is about one account. */
const recordsOf = (from: number, to: number) => `
  INSERT INTO users.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id)
  SELECT 'aud_' || lpad(n::text, 8, '0'), timestamptz '2030-01-01' + n * interval '1 minute', 'user',
         CASE WHEN n % 2 = 0 THEN 'sessions' WHEN n % 10000 = 7 THEN 'usr_rare' ELSE 'usr_' || n % 5000 END,
         CASE WHEN n % 10000 = 7 THEN 'role.grant' WHEN n % 3 = 0 THEN 'session.end' ELSE 'session.begin' END,
         CASE WHEN n % 100 = 0 THEN 'usr_known' ELSE 'usr_' || n % 7000 END,
         CASE WHEN n % 10000 = 7 THEN 'refused' ELSE 'done' END, 'req_' || n
  FROM generate_series(${from}, ${to}) n`

let under: ChainUnderTest
beforeAll(async () => {
  under = await aChain()
  await under.load('ALTER TABLE users.audit_records DISABLE TRIGGER audit_record_waits')
  for (let from = 1; from <= records; from += 10_000)
    for (const rows of [recordsOf, linksOf]) await under.load(rows(from, from + 9_999))
  // What autovacuum does in time.
  await under.load('ANALYZE users.audit_records, users.audit_links')
})
afterAll(() => under.stop())

const atMinute = (minute: number) => new Date(Date.UTC(2030, 0, 1) + minute * 60_000)
const deep = { at: atMinute(100), id: 'aud_00000100' }
const middle = { at: atMinute(records / 2), id: 'aud_00015000' }

type Asked = Omit<Partial<RecordQuery>, 'filter'> & { readonly filter?: Partial<RecordQuery['filter']> }

const anything = { actor: null, target: null, action: null, outcome: null, from: null, to: null }

const queryOf = ({ filter, ...asked }: Asked): RecordQuery => ({
  ...{ after: null, limit: 101 },
  ...asked,
  filter: { ...anything, ...filter },
})

interface Plan {
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
}

/** Pages of the database that one page of the list touches. */
async function pagesTouched(asked: Asked): Promise<number> {
  let touched = Number.NaN
  const explaining: Pick<Database, 'query'> = {
    async query({ name, text }, values) {
      const explain = { name: `explain_${name}`, text: `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}` }
      const [row] = await under.database.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explain, values)
      const plan = row?.['QUERY PLAN'][0].Plan
      touched = (plan?.['Shared Hit Blocks'] ?? Number.NaN) + (plan?.['Shared Read Blocks'] ?? 0)
      return []
    },
  }
  await prismaRecordReader(explaining, 'users')(queryOf(asked))
  return touched
}

describe('a page of very many audit records', () => {
  it.each<[string, Asked]>([
    ['the newest', {}],
    ['in the middle', { after: middle }],
    ['near the end', { after: deep }],
    ['by an actor of half of them', { filter: { actor: 'sessions' } }],
    ['by an actor of half of them, near the end', { filter: { actor: 'sessions' }, after: deep }],
    ['by an actor of three', { filter: { actor: 'usr_rare' } }],
    ['by an actor of none', { filter: { actor: 'usr_nobody' } }],
    ['by a target', { filter: { target: 'usr_known' } }],
    ['by a target, near the end', { filter: { target: 'usr_known' }, after: deep }],
    ['by a target of few', { filter: { target: 'usr_11' } }],
    ['by an action of most', { filter: { action: 'session.begin' } }],
    ['by an action of most, in the middle', { filter: { action: 'session.begin' }, after: middle }],
    ['by an action of three', { filter: { action: 'role.grant' } }],
    ['by the outcome of most', { filter: { outcome: 'done' } }],
    ['by the outcome of three', { filter: { outcome: 'refused' } }],
    ['by time', { filter: { from: atMinute(200), to: atMinute(20_000) } }],
    ['by time, of a busy actor', { filter: { actor: 'sessions', from: atMinute(200), to: atMinute(20_000) } }],
    ['by a rare actor and a frequent outcome', { filter: { actor: 'usr_rare', outcome: 'done' } }],
    ['by a frequent actor and a rare action', { filter: { actor: 'sessions', action: 'role.grant' } }],
    ['by a target and an action', { filter: { target: 'usr_11', action: 'session.begin' } }],
    ['by a frequent action and a rare outcome', { filter: { action: 'session.begin', outcome: 'refused' } }],
  ])('%s touches few of its pages, the seventh time too', async (_, asked) => {
    // From the sixth execution on a prepared statement may be planned without its values.
    const touched: number[] = []
    for (let time = 0; time < 7; time++) touched.push(await pagesTouched(asked))
    expect(Math.max(...touched)).toBeLessThan(400)
    expect(Math.min(...touched)).toBeGreaterThan(0)
  })
})

it('is found by the same indexes in each subgraph', async () => {
  const rows = await under.attack(
    `SELECT schemaname AS schema, replace(substring(indexdef FROM '\\(.*\\)'), ' DESC', '') AS columns FROM pg_indexes
     WHERE tablename = 'audit_records' ORDER BY columns`,
  )
  const columnsIn = (schema: string) => rows.flatMap((row) => (row.schema === schema ? [row.columns] : []))
  expect(columnsIn('users')).toContain('(outcome, at)')
  expect(columnsIn('sessions')).toEqual(columnsIn('users'))
  expect(columnsIn('api_keys')).toEqual(columnsIn('users'))
})
