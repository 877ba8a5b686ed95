import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUsers, type UsersUnderTest } from '../application.fixture.ts'
import { listStatement, type Spread } from './store.prisma.ts'
import type { ListedPage } from './store.ts'

const accounts = 60_000

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
  // Who signs in is not who was opened last; one in a hundred is suspended, one in two hundred edits, three administer.
  const load = {
    name: 'test_load_many',
    text: `WITH numbered AS (SELECT n, 'usr_' || md5(n::text) AS id FROM generate_series(1, ${accounts}) AS n),
           opened AS (
             INSERT INTO users.accounts (id, status, email, display_name, created_at, last_sign_in_at)
             SELECT id, CASE WHEN n % 100 = 0 THEN 'suspended' ELSE 'active' END, '', '',
                    timestamptz '2020-01-01' + n * interval '1 minute',
                    CASE WHEN n % 3 = 0 THEN NULL ELSE timestamptz '2025-01-01' + (${accounts} - n) * interval '1 minute' END
             FROM numbered),
           named AS (INSERT INTO users.identifiers (kind, key_id, mac, account_id) SELECT 'email', 'k', id, id FROM numbered)
           INSERT INTO users.role_grants (account_id, role, granted_at)
           SELECT id, role, now() FROM numbered, unnest(ARRAY['user']
             || CASE WHEN n % 20 = 0 THEN ARRAY['editors'] ELSE '{}' END
             || CASE WHEN n % 20000 = 7 THEN ARRAY['admin'] ELSE '{}' END) AS role`,
  }
  await under.database.queryAlone('test', load, [])
  // What autovacuum does in time, as the owner of the tables may.
  const { prisma } = under.database
  const looked = ['accounts', 'identifiers', 'role_grants'].map((table) => `ANALYZE users.${table}`)
  await prisma.$transaction(['SET LOCAL ROLE NONE', ...looked].map((text) => prisma.$executeRawUnsafe(text)))
})
afterAll(() => under.close())

const anything = {
  accounts: 'people' as const,
  email: null,
  status: null,
  role: null,
  created: { after: null, before: null },
  lastSignIn: { after: null, before: null },
}
const newest = { by: 'created_at', direction: 'desc' } as const
const lastSeen = { by: 'last_sign_in_at', direction: 'desc' } as const
const middle = new Date('2020-01-20T00:00:00Z')
const seenMiddle = new Date('2025-01-20T00:00:00Z')
const page = (asked: Partial<ListedPage>): ListedPage => ({ filter: anything, order: newest, after: null, ...asked })
const where = (filter: Partial<ListedPage['filter']>) => ({ filter: { ...anything, ...filter } })

interface Explained {
  readonly 'QUERY PLAN': readonly [
    { readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number } },
  ]
}

/** Pages of the database that one execution touches, as it is planned for any value of its parameters. */
async function pagesTouched(asked: ListedPage, spread: Spread): Promise<number> {
  const { statement, values } = listStatement(asked, spread)
  const text = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}`
  const [row] = await under.database.query<Explained>({ name: `explain_${statement.name}`.slice(0, 63), text }, values)
  const plan = row?.['QUERY PLAN'][0].Plan
  return (plan?.['Shared Hit Blocks'] ?? Number.NaN) + (plan?.['Shared Read Blocks'] ?? 0)
}

describe('a page of very many accounts', () => {
  it.each<[string, Partial<ListedPage>, Spread, number]>([
    ['the newest', {}, 'many', 150],
    ['in the middle', { after: { at: middle, id: 'usr_5' } }, 'many', 150],
    ['by address', where({ email: [{ keyId: 'k', mac: 'usr_c4ca4238a0b923820dcc509a6f75849b' }] }), 'many', 50],
    ['by status that most have', where({ status: 'active' }), 'many', 150],
    ['by status that few have', where({ status: 'suspended' }), 'many', 250],
    ['by a role that everyone holds', where({ role: 'user' }), 'many', 800],
    ['by a role of one in twenty', where({ role: 'editors' }), 'many', 10_000],
    ['by a role that three hold', where({ role: 'admin' }), 'few', 50],
    ['by creation', where({ created: { after: null, before: middle } }), 'many', 150],
    [
      'by last sign-in',
      { ...where({ lastSignIn: { after: null, before: seenMiddle } }), order: lastSeen },
      'many',
      300,
    ],
    [
      'by last sign-in and status',
      { ...where({ lastSignIn: { after: seenMiddle, before: null }, status: 'active' }), order: lastSeen },
      'many',
      300,
    ],
  ])('%s touches few of its pages, the tenth time too', async (_, asked, spread, most) => {
    // From the sixth execution on a prepared statement may be planned without its values.
    const touched: number[] = []
    for (let time = 0; time < 10; time++) touched.push(await pagesTouched(page(asked), spread))
    expect(Math.max(...touched)).toBeLessThan(most)
    expect(Math.min(...touched)).toBeGreaterThan(0)
  })
})
