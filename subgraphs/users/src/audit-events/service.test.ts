import { systemEntropy as entropy } from '@latchkey/clock'
import { aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUsers, type UsersUnderTest } from '../application.fixture.ts'
import { toldRecords } from './readers.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
  await add(1, 40)
  under.holders.sessions.audited = ({ afterAt, limit }) => toldFrom('s', afterAt, limit)
  under.holders['api-keys'].audited = ({ afterAt, limit }) => toldFrom('k', afterAt, limit)
})
afterAll(() => under.close())

const atSecond = (second: number) => new Date(Date.UTC(2030, 0, 1) + second * 1_000)

/** Records of Users, one a second. */
const add = (from: number, to: number) =>
  under.database.query(
    {
      name: 'test_add_audit',
      text: `INSERT INTO users.audit_records (id, at, actor_kind, actor_id, action, outcome, request_id)
        SELECT 'u' || lpad(n::text, 3, '0'), $3::timestamptz + n * interval '1 second', 'user', 'usr_' || n % 2, 'story.act', 'done', 'req'
        FROM generate_series($1::int, $2::int) n`,
    },
    [from, to, atSecond(0)],
  )

/** What another subgraph recorded: one of the same second as each tenth of Users. */
function toldFrom(prefix: string, after: string | Date | null | undefined, limit: number): readonly string[] {
  const seconds = [40, 30, 20, 10].filter((second) => !after || atSecond(second) < new Date(after))
  return seconds.slice(0, limit).map((second) =>
    JSON.stringify({
      ...{ id: `${prefix}${second}`, at: atSecond(second), actorKind: 'service', actorId: 'users', onBehalfOf: null },
      ...{ action: 'story.told', target: null, outcome: 'done', requestId: 'req', sealed: true },
      detail: { device: 'Firefox on Linux', by: 'test' },
    }),
  )
}

const query = `query ($first: Int, $after: String, $filter: AuditEventFilter) {
  auditEvents(first: $first, after: $after, filter: $filter) {
    nodes { id source device detail sealed } pageInfo { hasNextPage endCursor } } }`
const auditor = aUser({ userId: 'usr_auditor', scopes: ['audit:read'] })

interface Shown {
  readonly nodes: readonly { readonly id: string; readonly source: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
}

async function page(variables: object): Promise<Shown> {
  const { data, errors } = await ask(under.users.subgraph, auditor, query, { ...variables })
  expect(errors).toBeUndefined()
  return (data as { auditEvents: Shown }).auditEvents
}

describe('auditEvents', () => {
  it('is one list of three, each record once, in the same order whatever is added meanwhile', async () => {
    const listed: string[] = []
    let after: string | undefined
    for (let turn = 0; ; turn += 1) {
      const { nodes, pageInfo } = await page({ first: 9, after })
      listed.push(...nodes.map(({ id }) => id))
      await add(100 + turn, 100 + turn)
      if (!pageInfo.hasNextPage) break
      after = pageInfo.endCursor
    }
    expect(new Set(listed).size).toBe(listed.length)
    expect(listed).toHaveLength(40 + 4 + 4)
    expect(listed.slice(0, 4)).toEqual(['u040', 's40', 'k40', 'u039'])
  })

  it('names where a record is from, and what it was done with', async () => {
    const { nodes } = await page({ first: 100 })
    expect(nodes.find(({ id }) => id === 'k10')).toEqual({
      ...{ id: 'k10', source: 'api-keys', device: 'Firefox on Linux', detail: { by: 'test' }, sealed: true },
    })
    expect(nodes.find(({ id }) => id === 'u001')).toMatchObject({ source: 'users', device: null })
  })

  it('is not half a list: UNAVAILABLE while one subgraph cannot tell', async () => {
    under.holders.sessions.state = 'away'
    const { errors } = await ask(under.users.subgraph, auditor, query, {})
    under.holders.sessions.state = 'well'
    expect(errors?.[0]?.extensions?.code).toBe('UNAVAILABLE')
  })

  it.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ filter: { action: 'x'.repeat(129) } }, 'filter.action'],
    [{ filter: { from: atSecond(2).toISOString(), to: atSecond(1).toISOString() } }, 'filter.to'],
  ])('names what is wrong with %j', async (variables, field) => {
    const { errors } = await ask(under.users.subgraph, auditor, query, variables)
    expect(errors?.[0]?.extensions?.fields).toHaveProperty([field])
  })

  it('is nobody’s without audit:read', async () => {
    for (const principal of [aUser({ scopes: ['users:read'] }), aService('sessions', ['users:read'])]) {
      const { errors } = await ask(under.users.subgraph, principal, query, {})
      expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
    }
  })
})

it('what is told by another subgraph in a form that is none is not shown', async () => {
  const read = toldRecords('sessions', async () => ({ data: { auditRecords: 'nonsense' } }), entropy)
  const filter = { actor: null, target: null, action: null, outcome: null, from: null, to: null }
  await expect(read({ filter, after: null, limit: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
