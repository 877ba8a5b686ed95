import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const ada = aUser({ userId: 'usr_ada' })
const eve = aUser({ userId: 'usr_eve' })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:read', 'keys:admin'] })
/** A user whom no other test knows. */
const someone = (name: string) => aUser({ userId: `usr_${name}` })
const codes = (answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
  answer.errors?.map(({ extensions }) => extensions?.code)

describe('apiKeys', () => {
  const list = `query ($first: Int, $after: String, $filter: ApiKeyFilter) {
    apiKeys(first: $first, after: $after, filter: $filter) {
      edges { cursor } nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }`

  async function page(principal: typeof ada, variables: Record<string, unknown> = {}) {
    const answer = await app.ask(principal, list, variables)
    if (answer.errors) throw Object.assign(new Error(answer.errors[0]?.message), { answer })
    return answer.data?.apiKeys as {
      nodes: { id: string }[]
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string }
    }
  }
  const idsOf = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id)

  it('pages through all keys newest first, each once, while others are made in between', async () => {
    const pia = someone('pia')
    const made: string[] = []
    for (let at = 0; at < 7; at += 1) {
      // Some are made within one millisecond: their ids decide.
      if (at % 2 === 0) app.clock.advance(1)
      made.push((await app.create(pia)).id)
    }
    const seen: string[] = []
    let after: string | null = null
    do {
      const { nodes, pageInfo }: Awaited<ReturnType<typeof page>> = await page(pia, { first: 2, after })
      expect(pageInfo.hasPreviousPage).toBe(after !== null)
      seen.push(...nodes.map(({ id }) => id))
      app.clock.advance(1)
      await app.create(pia)
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    } while (after)
    expect([...seen].sort()).toEqual([...made].sort())
    expect(idsOf(await page(pia, { first: 100 })).slice(-7)).toEqual(seen)
  })

  it('shows where each key stands, and lists by it', async () => {
    const una = someone('una')
    const brief = await app.create(una, { expiresAt: new Date(app.clock.now().getTime() + 1_000).toISOString() })
    const ended = await app.create(una)
    const live = await app.create(una)
    await app.revoke(una, ended.id)
    app.clock.advance(1_000)
    expect(idsOf(await page(una, { filter: { status: 'ACTIVE' } }))).toEqual([live.id])
    expect(idsOf(await page(una, { filter: { status: 'EXPIRED' } }))).toEqual([brief.id])
    expect(idsOf(await page(una, { filter: { status: 'REVOKED' } }))).toEqual([ended.id])
    expect(idsOf(await page(una))).toHaveLength(3)
  })

  it("shows a person only their own, and an administrator everybody's or one owner's", async () => {
    const [vera, wim] = [someone('vera'), someone('wim')]
    const [hers, his] = [await app.create(vera), await app.create(wim)]
    expect(idsOf(await page(vera))).toEqual([hers.id])
    expect(idsOf(await page(vera, { filter: { ownerId: 'usr_vera' } }))).toEqual([hers.id])
    expect(idsOf(await page(admin, { first: 100 }))).toEqual(expect.arrayContaining([hers.id, his.id]))
    expect(idsOf(await page(admin, { filter: { ownerId: 'usr_wim', status: 'ACTIVE' } }))).toEqual([his.id])
    expect(codes(await app.ask(vera, list, { filter: { ownerId: 'usr_wim' } }))).toEqual(['FORBIDDEN'])
  })

  it.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ after: 'nonsense' }, 'after'],
  ])('refuses %j and names it', async (variables, field) => {
    const answer = await app.ask(ada, list, variables)
    expect(answer.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: { [field]: expect.any(String) },
    })
  })
})

describe('User.apiKeys and the entity ApiKey', () => {
  const usersQuery = `query ($them: [_Any!]!) { _entities(representations: $them) { ... on User { id apiKeys { id status } } } }`
  const keysQuery = `query ($them: [_Any!]!) { _entities(representations: $them) { ... on ApiKey { id name } } }`
  const users = (...ids: string[]) => ({ them: ids.map((id) => ({ __typename: 'User', id })) })
  const keys = (...ids: string[]) => ({ them: ids.map((id) => ({ __typename: 'ApiKey', id })) })

  it('shows the keys that work, newest first, and no other', async () => {
    const zoe = someone('zoe')
    const brief = await app.create(zoe, { expiresAt: new Date(app.clock.now().getTime() + 1_000).toISOString() })
    app.clock.advance(999)
    const older = await app.create(zoe, { expiresAt: new Date(app.clock.now().getTime() + 90_000_000).toISOString() })
    app.clock.advance(1)
    const newer = await app.create(zoe, { expiresAt: new Date(app.clock.now().getTime() + 80_000_000).toISOString() })
    const twin = await app.create(zoe)
    const ended = await app.create(zoe)
    await app.revoke(zoe, ended.id)
    const newest = [newer.id, twin.id].sort().reverse()
    const answer = await app.ask(zoe, usersQuery, users('usr_zoe'))
    expect(answer.data?._entities).toEqual([
      { id: 'usr_zoe', apiKeys: [...newest, older.id].map((id) => ({ id, status: 'ACTIVE' })) },
    ])
    expect(JSON.stringify(answer)).not.toContain(brief.id)
  })

  it('tells of a key in the list of its owner what it tells of it everywhere', async () => {
    const lea = someone('lea')
    app.clock.advance(123)
    const { id } = await app.create(lea, { scopes: ['keys:read', 'keys:write'] })
    const shown = 'id name prefix lastFour scopes status createdAt expiresAt revokedAt'
    const listed = await app.ask(lea, usersQuery.replace('id status', shown), users('usr_lea'))
    const alone = await app.ask(lea, `{ apiKey(id: "${id}") { ${shown} } }`)
    expect(listed.data?._entities).toEqual([{ id: 'usr_lea', apiKeys: [alone.data?.apiKey] }])
    expect(alone.data?.apiKey).toMatchObject({ scopes: ['keys:read', 'keys:write'], revokedAt: null })
  })

  it("gives another's key and a key that never was the same answer", async () => {
    const { id } = await app.create(ada)
    const [foreign, unknown] = [
      await app.ask(eve, keysQuery, keys(id)),
      await app.ask(eve, keysQuery, keys('NoSuchKey123')),
    ]
    expect(codes(foreign)).toEqual(['NOT_FOUND'])
    expect(foreign).toEqual(unknown)
    expect(codes(await app.ask(eve, `{ apiKey(id: "${id}") { id } }`))).toEqual(['NOT_FOUND'])
    expect((await app.ask(ada, `{ apiKey(id: "${id}") { id name } }`)).data).toEqual({ apiKey: { id, name: 'ci' } })
  })

  it('asks the database once for a list of users, and once for a list of keys', async () => {
    const one = await runApiKeys({ poolMax: 1 })
    try {
      const members = Array.from({ length: 20 }, (_, at) => someone(`member${at}`))
      const made = []
      for (const member of members) made.push((await one.create(member)).id)
      const uses = async (name: string) => {
        const counted = {
          name: 'uses',
          text: 'SELECT generic_plans + custom_plans AS n FROM pg_prepared_statements WHERE name = $1',
        }
        const [row] = await one.database.query<{ n: string }>(counted, [name])
        return Number(row?.n ?? 0)
      }
      const answer = await one.ask(admin, usersQuery, users(...members.map(({ userId }) => userId)))
      expect(answer.data?._entities).toHaveLength(20)
      expect(answer.errors).toBeUndefined()
      expect(await uses('api_keys_lasting_of_owners')).toBe(1)
      expect((await one.ask(admin, keysQuery, keys(...made))).errors).toBeUndefined()
      expect(await uses('api_keys_by_ids')).toBe(1)
    } finally {
      await one.stop()
    }
  })
})
