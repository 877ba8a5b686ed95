import type { UserPrincipal } from '@latchkey/principal'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, mutate } from '../administration/administration.fixture.ts'
import { aMember, field, startUsers, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
let root: UserPrincipal
const ids: string[] = []

beforeAll(async () => {
  under = await startUsers()
  root = await anAdministrator(under, 'root@example.com')
  for (let number = 0; number < 7; number++) {
    under.clock.advance(number % 2 ? 0 : 1_000)
    ids.push((await aMember(under.users, `person${number}@example.com`)).userId)
  }
  const signedIn = { name: 'test_signed_in', text: 'UPDATE users.accounts SET last_sign_in_at = $2 WHERE id = $1' }
  for (const [index, id] of ids.slice(0, 3).entries())
    await under.database.query(signedIn, [id, new Date(Date.UTC(2030, 5, index + 1))])
  await mutate(under.users, root, 'suspendUser', { id: ids[2], reason: 'x' })
})
afterAll(() => under.close())

const unload = () =>
  under.database.query({ name: 'test_unload', text: `DELETE FROM users.accounts WHERE id LIKE 'usr_load%'` }, [])

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string; readonly email: string } }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly endCursor: string | null
  }
}

async function list(variables: Record<string, unknown> = {}, by = root) {
  const query = `query ($first: Int!, $after: String, $filter: UserFilter, $orderBy: UserOrder) {
    users(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      edges { cursor node { id email } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`
  const { data, errors } = await ask(under.users.subgraph, by, query, { first: 50, ...variables })
  const page = data?.users as Page | null
  return { page, ids: page?.edges.map(({ node }) => node.id) ?? [], error: errors?.[0] }
}
const fieldsOf = (error: { extensions?: Record<string, unknown> } | undefined) =>
  Object.keys((error?.extensions?.fields ?? {}) as object)

async function walk(variables: Record<string, unknown>, between: () => Promise<unknown> = async () => {}) {
  const seen: string[] = []
  let after: string | null = null
  for (let pages = 0; pages < 50; pages++) {
    const { page, ids: found } = await list({ ...variables, first: 2, after })
    seen.push(...found)
    after = page?.pageInfo.endCursor ?? null
    if (!page?.pageInfo.hasNextPage) return seen
    await between()
  }
  return seen
}

describe('users', () => {
  it('are all of them, newest first, page by page, each once, also those of one millisecond', async () => {
    const { ids: all, page } = await list()
    expect([...all].sort()).toEqual([root.userId, ...ids].sort())
    expect(all.at(-1)).toBe(root.userId)
    expect(page?.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    expect(await walk({})).toEqual(all)
    expect(await walk({ orderBy: 'CREATED_AT_ASC' })).toEqual([...all].reverse())
  })

  it('stand still while others are opened in between', async () => {
    const { ids: before } = await list()
    let number = 0
    const seen = await walk({}, async () => {
      under.clock.advance(1)
      ids.push((await aMember(under.users, `between${number++}@example.com`)).userId)
    })
    expect(seen).toEqual(before)
  })

  it.each([
    ['email', { email: 'PERSON3@example.com' }, () => [ids[3]]],
    ['an address nobody has', { email: 'nobody@example.com' }, () => []],
    ['status', { status: 'SUSPENDED' }, () => [ids[2]]],
    ['role', { role: 'admin' }, () => [root.userId]],
    ['role that does not exist', { role: 'none' }, () => []],
    ['last sign-in', { lastSignInAfter: '2030-06-02T00:00:00Z' }, () => [ids[2], ids[1]]],
    ['last sign-in, up to', { lastSignInBefore: '2030-06-02T00:00:00Z' }, () => [ids[0]]],
    ['creation, up to', { createdBefore: '2030-01-01T00:00:01Z' }, () => [root.userId]],
    [
      'several at once',
      { status: 'ACTIVE', role: 'user', lastSignInAfter: '2030-06-01T00:00:00Z' },
      () => [ids[1], ids[0]],
    ],
  ])('are found by %s', async (_, filter, expected) => {
    expect((await list({ filter })).ids).toEqual(expected())
  })

  it('are found by a role that many hold, and by one that few hold, alike', async () => {
    const load = {
      name: 'test_load_users',
      text: `WITH added AS (
               INSERT INTO users.accounts (id, status, email, display_name, created_at)
               SELECT 'usr_load' || n, 'active', '', '', timestamptz '2020-01-01' + n * interval '1 second'
               FROM generate_series(1, 1200) n RETURNING id)
             INSERT INTO users.role_grants (account_id, role, granted_at)
             SELECT id, unnest(CASE WHEN id LIKE '%7' THEN ARRAY['many', 'few'] ELSE ARRAY['many'] END), now() FROM added`,
    }
    await under.database.query(load, [])
    const idsOnly = async (filter: object) => {
      const query =
        'query ($filter: UserFilter) { users(first: 100, filter: $filter) { edges { node { id } } pageInfo { hasNextPage } } }'
      const { data, errors } = await ask(under.users.subgraph, root, query, { filter })
      expect(errors).toBeUndefined()
      return field<Page>(data, 'users').edges.map(({ node }) => node.id)
    }
    const many = await idsOnly({ role: 'many' })
    expect([many.length, many[0], many[99]]).toEqual([100, 'usr_load1200', 'usr_load1101'])
    const few = await idsOnly({ role: 'few' })
    expect([few.length, few[0], few[99]]).toEqual([100, 'usr_load1197', 'usr_load207'])
    await unload()
  })

  it.each([
    ['no account at once', { first: 0 }, ['first']],
    ['more than 100', { first: 101 }, ['first']],
    ['part of an address', { filter: { email: 'person' } }, ['filter.email']],
    [
      'a day that is none',
      { filter: { createdAfter: 'yesterday', lastSignInBefore: 7 } },
      ['filter.createdAfter', 'filter.lastSignInBefore'],
    ],
    [
      'an order that no index serves',
      { filter: { lastSignInAfter: '2030-01-01T00:00:00Z' }, orderBy: 'CREATED_AT_DESC' },
      ['orderBy'],
    ],
    ['a cursor made up', { after: Buffer.from('[0,"usr_a"]').toString('base64url') }, ['after']],
    ['a cursor of a megabyte', { after: 'x'.repeat(1_000_000) }, ['after']],
  ])('are refused for %s', async (_, variables, fields) => {
    const { error } = await list(variables)
    expect([error?.extensions?.code, fieldsOf(error)]).toEqual(['BAD_USER_INPUT', fields])
  })

  it('give cursors that lead nowhere in another list, and nowhere when they were altered', async () => {
    const cursor = (await list({ first: 1 })).page?.pageInfo.endCursor ?? ''
    expect((await list({ after: cursor })).error).toBeUndefined()
    expect(fieldsOf((await list({ after: cursor, filter: { status: 'ACTIVE' } })).error)).toEqual(['after'])
    expect(fieldsOf((await list({ after: cursor, orderBy: 'CREATED_AT_ASC' })).error)).toEqual(['after'])
    const altered = `${cursor.slice(0, -2)}${cursor.endsWith('AA') ? 'BB' : 'AA'}`
    expect(fieldsOf((await list({ after: altered })).error)).toEqual(['after'])
  })

  it('cost the same few statements however many are on the page, and count nothing', async () => {
    const from = under.database.asked.length
    await list({ first: 5 })
    const statements = under.database.asked.slice(from).filter((name) => !/^users_(outbox|mail)_/.test(name))
    expect(statements).toEqual(['users_list_created_at_desc_h', 'users_accounts_by_id'])
  })
})
