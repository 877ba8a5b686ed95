import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

let estate: OpenEstate
beforeAll(async () => {
  estate = await openEstate({ authorization: 'filter' })
})
afterAll(() => estate.gateway.close())

interface Answer {
  readonly status: number
  readonly data: unknown
  readonly errors: readonly (readonly [path: string | undefined, code: string])[]
  readonly extensions: readonly Record<string, unknown>[]
  /** What the subgraphs were asked. */
  readonly heard: readonly string[]
}

async function ask(query: string, headers: Record<string, string> = {}, variables: object = {}): Promise<Answer> {
  const before = estate.asked.length
  const response = await fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors = [] } = (await response.json()) as {
    data?: unknown
    errors?: { path?: (string | number)[]; extensions: Record<string, unknown> }[]
  }
  return {
    status: response.status,
    data,
    errors: errors.map(({ path, extensions }) => [path?.join('.'), String(extensions.code)]),
    extensions: errors.map(({ extensions: { decisionId: _, ...extensions } }) => extensions),
    heard: estate.asked.slice(before).map((request) => request.query),
  }
}

const ada = (scopes = 'none') => ({ authorization: `Bearer ${scopes}` })

describe('an operation of which the caller may not ask every field', () => {
  it('is answered without those fields, each null with an error at its path, and with 200', async () => {
    const answer = await ask('{ open secret me { id email sessions { id } } }', ada())
    expect(answer).toMatchObject({
      status: 200,
      data: { open: 'sesame', secret: null, me: { id: 'usr_ada', email: null, sessions: null } },
    })
    expect(answer.errors).toEqual([
      ['secret', 'FORBIDDEN'],
      ['me.email', 'FORBIDDEN'],
      ['me.sessions', 'FORBIDDEN'],
    ])
    expect(answer.heard).toHaveLength(1)
  })

  it('says of each field why', async () => {
    const nobody = await ask('{ open secret vaulted user(id: "usr_ada") { salary } }')
    expect(nobody.errors).toEqual([
      ['secret', 'UNAUTHENTICATED'],
      ['vaulted', 'UNAUTHENTICATED'],
      ['user.salary', 'FORBIDDEN'],
    ])
    const weak = await ask('{ vaulted }', ada())
    expect(weak.extensions).toMatchObject([
      { code: 'STEP_UP_REQUIRED', assurance: { level: 'AAL2', maxAgeSeconds: 600 } },
    ])
    const key = await ask('{ secret user(id: "usr_ada") { salary } vaulted }', { 'x-api-key': 'free' })
    expect(key.extensions).toEqual([
      { code: 'FORBIDDEN', reason: 'SCOPE_DENIED' },
      { code: 'FORBIDDEN', reason: 'POLICY_DENIED' },
      { code: 'FORBIDDEN' },
    ])
  })

  it('asks no subgraph when nothing of it is left', async () => {
    const answer = await ask('{ secret badge vaulted __typename }')
    expect(answer).toMatchObject({
      status: 200,
      data: { secret: null, badge: null, vaulted: null, __typename: 'Query' },
      heard: [],
    })
    expect(answer.errors).toHaveLength(3)
  })

  it('is null as far up as a null may not stand', async () => {
    expect(await ask('{ open node(id: "vault") { id ... on Vault { pin } } }', ada())).toMatchObject({
      status: 200,
      data: { open: 'sesame', node: null },
      errors: [['node.pin', 'FORBIDDEN']],
    })
    expect(await ask('{ open search { ... on Vault { pin } } }', ada())).toMatchObject({
      status: 200,
      data: null,
      errors: [['search.1.pin', 'FORBIDDEN']],
    })
  })

  it('gives nothing of an interface whose types are not all open, unless each is asked by itself', async () => {
    expect(await ask('{ open nodes { __typename label } }')).toMatchObject({
      data: null,
      errors: [['nodes', 'UNAUTHENTICATED']],
    })
    expect((await ask('{ nodes { label } }', ada())).errors).toEqual([])
  })

  it('gives nothing of a type that is guarded, wherever it stands', async () => {
    const answer = await ask('{ search { ... on Node { label } ... on Vault { code } } }')
    expect(answer.data).toEqual({ search: [{ label: 'Bob' }, { label: null, code: null }, { label: 'Groceries' }] })
    expect(answer.errors).toEqual([
      ['search.1.label', 'UNAUTHENTICATED'],
      ['search.1.code', 'UNAUTHENTICATED'],
    ])
    expect(answer.heard.join()).toMatch(/on User/)
    expect(answer.heard.join()).not.toMatch(/on Vault\s*\{[^}]*(?:label|code)/)
  })

  it('makes no change that the caller may not make, and makes the others in their order', async () => {
    const answer = await ask('mutation { a: ping rename(name: "x") { label } raise b: ping }', ada())
    expect(answer).toMatchObject({
      status: 200,
      data: { a: 'pong', rename: null, raise: null, b: 'pong' },
      errors: [
        ['rename', 'FORBIDDEN'],
        ['raise', 'FORBIDDEN'],
      ],
    })
    expect(answer.heard.join()).not.toMatch(/rename|raise/)
    expect((await ask('mutation { raise }', ada())).heard).toEqual([])
  })

  it('is refused where a key is confined to something else', async () => {
    const denied = JSON.stringify({ access: { allow: [], deny: ['User.email'], denied: ['User.email'] } })
    const answer = await ask('{ me { id email } }', { 'x-api-key': `listed ${denied}` })
    expect([answer.status, answer.extensions[0], answer.heard]).toMatchObject([
      403,
      { code: 'FORBIDDEN', reason: 'ACL_DENIED' },
      [],
    ])
  })

  it('is judged anew with every request, by whatever conditions it has', async () => {
    const query = 'query ($x: Boolean!) { me { id email @include(if: $x) label @skip(if: $x) } }'
    const callers = ['none', 'profile:read', 'hr', 'profile:read,hr']
    for (const x of [true, false, true])
      for (const scopes of callers) {
        const answer = await ask(query, ada(scopes), { x })
        const mayAsk = scopes.includes('profile:read')
        expect(answer.errors).toEqual(x && !mayAsk ? [['me.email', 'FORBIDDEN']] : [])
        const shown = x ? { email: mayAsk ? 'ada@example.org' : null } : { label: 'Ada' }
        expect(answer.data).toEqual({ me: { id: 'usr_ada', ...shown } })
      }
  })
})
