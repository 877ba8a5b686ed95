import { dayMs } from '@latchkey/clock'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, field, register, startUsers, type UsersUnderTest } from '../application.fixture.ts'
import { securityEventOf, shownActions } from './security-event.ts'

const at = new Date('2030-01-01T00:00:00Z')
const stored = {
  ...{ id: 'aud_0123456789abcdefABCDEF', at, action: 'password.change', actorKind: 'user', actorId: 'usr_ada' },
  ...{ device: 'Firefox on Linux', network: '192.0.2.0/24' },
}

describe('a record', () => {
  it.each([
    [{}, 'YOU', '192.0.2.0/24'],
    [{ actorId: 'usr_admin' }, 'ADMINISTRATOR', null],
    [{ actorKind: 'operator', actorId: null }, 'ADMINISTRATOR', null],
    [{ actorKind: 'apiKey', actorId: 'K1' }, 'API_KEY', '192.0.2.0/24'],
    [{ actorKind: 'anonymous', actorId: null }, 'MAIL_LINK', '192.0.2.0/24'],
    [{ actorKind: 'anonymous', actorId: null, action: 'password.request-reset' }, 'UNKNOWN', '192.0.2.0/24'],
    [{ actorKind: 'service', actorId: 'sessions' }, 'SYSTEM', null],
  ])('with %j was made by %s, from %s as far as the person is told', (more, by, network) => {
    expect(securityEventOf({ ...stored, ...more }, 'usr_ada')).toMatchObject({ by, network })
  })

  it.each(['account.register', 'password.upgrade', 'role.create', 'toString', 'nonsense'])(
    'of %s is not shown',
    (action) => {
      expect(securityEventOf({ ...stored, action }, 'usr_ada')).toBeNull()
      expect(shownActions).not.toContain(action)
    },
  )
})

let under: UsersUnderTest
let ada: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  ada = await aMember(under.users, 'ada@example.com')
})
afterAll(() => under.close())

interface Page {
  readonly nodes: readonly { id: string; kind: string; by: string; device: string | null; network: string | null }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const query = `query ($id: ID!, $first: Int, $after: String) { _entities(representations: [{ __typename: "User", id: $id }]) {
  ... on User { securityEvents(first: $first, after: $after) {
    edges { cursor } nodes { id kind at by device network } pageInfo { hasNextPage endCursor } } } } }`

async function events(who: Principal, page: { first?: number; after?: string | null } = {}, id = ada.userId) {
  const { data, errors } = await ask(under.users.subgraph, who, query, { id, ...page })
  const [user] = field<({ securityEvents: Page } | null)[]>(data, '_entities') ?? []
  return errors?.[0]?.extensions?.code ?? user?.securityEvents ?? expect.fail()
}
const shown = async (who: Principal, page = {}, id = ada.userId) => (await events(who, page, id)) as Page

const client = { address: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' }
const rename = (who: UserPrincipal, version: number) =>
  ask(
    under.users.subgraph,
    who,
    'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }',
    { input: { version, givenName: `Name ${version}` } },
    client,
  )

describe('User.securityEvents', () => {
  it('shows what happened, when, with what, and coarsely where from, newest first', async () => {
    under.clock.advance(1_000)
    await rename(ada, 1)
    const { nodes } = await shown(ada)
    expect(nodes[0]).toMatchObject({
      ...{ kind: 'PROFILE_CHANGED', by: 'YOU', device: 'Firefox on Linux', network: '192.0.2.0/24' },
    })
    // The link from the mail did both, in one moment.
    const first = nodes.slice(1).map(({ kind, by }) => `${kind} ${by}`)
    expect(first.sort()).toEqual(['ACCOUNT_OPENED MAIL_LINK', 'EMAIL_CONFIRMED MAIL_LINK'])
  })

  it('is shown to the person and to who reads the audit records, and to no key, service or other person', async () => {
    const eve = await aMember(under.users, 'eve@example.com')
    const auditor = aUser({ userId: 'usr_auditor', scopes: ['audit:read'] })
    expect((await shown(auditor)).nodes).toEqual((await shown(ada)).nodes)
    expect(await events(eve)).toBe('NOT_FOUND')
    expect(await events(aUser({ userId: 'usr_admin', scopes: ['users:read'] }))).toBe('NOT_FOUND')
    expect(await events(anApiKey({ ownerId: ada.userId, scopes: ['profile:read', 'users:read'] }))).toBe('FORBIDDEN')
    expect(await events(aService('sessions', ['audit:read']))).toBe('FORBIDDEN')
    expect(await events(anonymous)).toBe('UNAUTHENTICATED')
  })

  it('shows nothing that strangers did without changing anything', async () => {
    const before = (await shown(ada)).nodes.length
    await register(under.users, 'ada@example.com')
    expect((await shown(ada)).nodes).toHaveLength(before)
  })

  it('is paged without gap or repetition while more happens, many of it in one millisecond', async () => {
    const grace = await aMember(under.users, 'grace@example.com')
    for (let version = 1; version <= 25; version += 1) {
      await rename(grace, version)
      if (version % 10 === 0) under.clock.advance(1)
    }
    const whole = (await shown(grace, { first: 100 }, grace.userId)).nodes.map(({ id }) => id)
    expect(whole).toHaveLength(27)
    const paged: string[] = []
    let after: string | null = null
    let version = 26
    for (let next = true; next; ) {
      const page: Page = await shown(grace, { first: 7, after }, grace.userId)
      paged.push(...page.nodes.map(({ id }) => id))
      after = page.pageInfo.endCursor
      next = page.pageInfo.hasNextPage
      under.clock.advance(1)
      expect((await rename(grace, version)).errors).toBeUndefined()
      version += 1
    }
    expect(paged).toEqual(whole)
  })

  it('reaches back 90 days', async () => {
    const early = await aMember(under.users, 'early@example.com')
    under.clock.advance(90 * dayMs - 1)
    expect((await shown(early, {}, early.userId)).nodes).toHaveLength(2)
    under.clock.advance(1)
    expect((await shown(early, {}, early.userId)).nodes).toEqual([])
  })

  it('is read through an index, however much is on record', async () => {
    const fill = {
      name: 'test_fill',
      text: `INSERT INTO users.audit_records (id, at, actor_kind, action, target, outcome)
             SELECT 'aud_fill' || n, $1::timestamptz - n * interval '1 second', 'user', 'profile.update', 'usr_' || (n % 1000), 'changed'
             FROM generate_series(1, 20000) AS n`,
    }
    await under.database.query(fill, [under.clock.now()])
    await under.database.query({ name: 'test_analyze', text: 'ANALYZE users.audit_records' }, []).catch(() => {})
    const explain = {
      name: 'test_explain',
      text: `EXPLAIN SELECT r.id FROM users.audit_records r WHERE r.target = 'usr_7' AND r.at > '2029-01-01'
             AND r.at <= '9999-12-31' ORDER BY r.at DESC, r.id DESC LIMIT 21`,
    }
    const plan = JSON.stringify(await under.database.query(explain, []))
    expect(plan).toContain('audit_records_target_at_idx')
    expect(plan).not.toContain('Seq Scan')
  })
})
