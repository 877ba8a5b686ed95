import { hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RefusalMode } from './authorize/refusal-mode.ts'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

/** A field that is asked for behind a disguise, and where it stands in the answer; nowhere, when it is skipped. */
interface Disguise {
  readonly query: string
  readonly variables?: object
  readonly operationName?: string
  readonly paths: readonly string[]
}

const disguises: Readonly<Record<string, (field: string) => Disguise>> = {
  'no disguise': (field) => ({ query: `{ user(id: "usr_ada") { ${field} } }`, paths: [`user.${field}`] }),
  'an alias': (field) => ({ query: `{ user(id: "usr_ada") { label: ${field} } }`, paths: ['user.label'] }),
  'an alias of what leads to it': (field) => ({
    query: `{ open: user(id: "usr_ada") { id: ${field} } }`,
    paths: ['open.id'],
  }),
  'a named fragment': (field) => ({
    query: `{ user(id: "usr_ada") { ...F } } fragment F on User { ${field} }`,
    paths: [`user.${field}`],
  }),
  'fragments in fragments': (field) => ({
    query: `{ ...Q } fragment Q on Query { user(id: "usr_ada") { ...N } } fragment N on Node { ...F } fragment F on User { ${field} }`,
    paths: [`user.${field}`],
  }),
  'an inline fragment': (field) => ({
    query: `{ user(id: "usr_ada") { ... { ... on User { ${field} } } } }`,
    paths: [`user.${field}`],
  }),
  'an interface': (field) => ({
    query: `{ node(id: "usr_ada") { ... on User { ${field} } } }`,
    paths: [`node.${field}`],
  }),
  'a list of an interface': (field) => ({
    query: `{ nodes { id ... on User { ${field} } } }`,
    paths: [`nodes.0.${field}`],
  }),
  'a union': (field) => ({ query: `{ search { ... on User { ${field} } } }`, paths: [`search.0.${field}`] }),
  'an interface within a union': (field) => ({
    query: `{ search { ... on Node { ... on User { x: ${field} } } } }`,
    paths: ['search.0.x'],
  }),
  'entities below entities': (field) => ({
    query: `{ user(id: "usr_ada") { mood friend { mood friend { ${field} } } } }`,
    paths: [`user.friend.friend.${field}`],
  }),
  variables: (field) => ({
    query: `query ($id: ID!) { user(id: $id) { ${field} } }`,
    variables: { id: 'usr_ada' },
    paths: [`user.${field}`],
  }),
  '@include of a variable': (field) => ({
    query: `query ($x: Boolean!) { user(id: "usr_ada") { id ${field} @include(if: $x) } }`,
    variables: { x: true },
    paths: [`user.${field}`],
  }),
  '@skip of a fragment': (field) => ({
    query: `query ($x: Boolean!) { user(id: "usr_ada") { id ... @skip(if: $x) { ${field} } } }`,
    variables: { x: false },
    paths: [`user.${field}`],
  }),
  '@skip that is met': (field) => ({ query: `{ user(id: "usr_ada") { id ${field} @skip(if: true) } }`, paths: [] }),
  'its parent asked twice': (field) => ({
    query: `{ user(id: "usr_ada") { id } user(id: "usr_ada") { ${field} } }`,
    paths: [`user.${field}`],
  }),
  'introspection beside it': (field) => ({
    query: `{ __type(name: "User") { name } user(id: "usr_ada") { __typename ${field} } }`,
    paths: [`user.${field}`],
  }),
  'one of two operations': (field) => ({
    query: `query Harmless { open } query Asked { user(id: "usr_ada") { ${field} } }`,
    operationName: 'Asked',
    paths: [`user.${field}`],
  }),
}

const estates = new Map<RefusalMode, OpenEstate>()
beforeAll(async () => {
  for (const authorization of ['reject', 'filter'] as const)
    estates.set(authorization, await openEstate({ authorization }))
})
afterAll(() => Promise.all([...estates.values()].map(({ gateway }) => gateway.close())))

function estateOf(mode: RefusalMode): OpenEstate {
  const estate = estates.get(mode)
  if (!estate) throw new Error(mode)
  return estate
}

interface Body {
  readonly data?: unknown
  readonly errors?: readonly { message: string; path?: readonly (string | number)[]; extensions: { code: string } }[]
}

/** Whoever may, and whoever may not: both are signed in. */
const scopes = { permitted: 'profile:read,hr', refused: 'keys:read' } as const

async function post(
  { url }: OpenEstate,
  who: keyof typeof scopes,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${scopes[who]}`, ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Body }
}

const valueAt = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], data)

/** What the subgraphs were asked meanwhile. */
async function heardDuring<Value>({ asked }: OpenEstate, act: () => Promise<Value>) {
  const before = asked.length
  const value = await act()
  return { value, heard: asked.slice(before).map(({ query }) => query) }
}

describe.each([
  ['scopes', 'email', 'ada@example.org'],
  ['a policy', 'salary', '100'],
])('a field guarded by %s', (guard, field, secret) => {
  const named = Object.entries(disguises).map(([name, disguise]) => [name, disguise(field)] as const)

  it.each(named)('is given to whoever may, behind %s', async (_name, { paths, ...body }) => {
    for (const mode of ['reject', 'filter'] as const) {
      const answer = await post(estateOf(mode), 'permitted', body)
      expect([answer.status, answer.body.errors]).toEqual([200, undefined])
      for (const path of paths) expect(valueAt(answer.body.data, path)).not.toBeNull()
    }
  })

  it.each(named)(
    'is refused behind %s, and no subgraph hears of the operation',
    async (_name, { paths: _p, ...body }) => {
      const estate = estateOf('reject')
      // The first is Apollo Server's, the second takes the short lane.
      for (let lane = 0; lane < 2; lane++) {
        const { value, heard } = await heardDuring(estate, () => post(estate, 'refused', body))
        expect([value.status, value.body.errors?.[0]?.extensions.code, heard]).toEqual([403, 'FORBIDDEN', []])
        expect(value.text).not.toContain(secret)
      }
    },
  )

  it.each(named)('is withheld behind %s, and no subgraph hears of it', async (_name, { paths, ...body }) => {
    const estate = estateOf('filter')
    const answers: string[] = []
    for (let lane = 0; lane < 2; lane++) {
      const { value, heard } = await heardDuring(estate, () => post(estate, 'refused', body))
      expect(value.status).toBe(200)
      expect(value.body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code]) ?? []).toEqual(
        paths.map((path) => [path, 'FORBIDDEN']),
      )
      for (const path of paths) expect(valueAt(value.body.data, path)).toBeNull()
      expect(heard.join('\n')).not.toMatch(new RegExp(`\\b${field}\\b`))
      expect(value.text).not.toContain(secret)
      answers.push(value.text.replace(/"decisionId":"[^"]*"/g, ''))
    }
    expect(answers[1]).toBe(answers[0])
  })

  describe.each(['reject', 'filter'] as const)('where operations are answered by %s', (mode) => {
    const asked = `{ user(id: "usr_ada") { ${field} } }`
    const refusedAs = mode === 'reject' ? 403 : 200

    async function expectNothingOf(body: unknown, status: number, headers: Record<string, string> = {}) {
      const estate = estateOf(mode)
      const { value, heard } = await heardDuring(estate, () => post(estate, 'refused', body, headers))
      expect([value.status, value.text.includes(secret)]).toEqual([status, false])
      expect(heard.join('\n')).not.toMatch(new RegExp(`\\b${field}\\b`))
      return value
    }

    it('is not got by the hash that somebody who may has registered', async () => {
      const query = `query Registered_${field} { user(id: "usr_ada") { ${field} } }`
      const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query, 'hex') } }
      const registered = await post(estateOf(mode), 'permitted', { query, extensions })
      expect(registered.text).toContain(secret)
      const { body } = await expectNothingOf({ extensions }, refusedAs)
      expect(body.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    })

    it('is not got with an operation that was prepared for somebody who may, in whatever order they ask', async () => {
      const query = `query Prepared_${field} { user(id: "usr_ada") { id ${field} } }`
      const answers = await Promise.all(
        Array.from({ length: 12 }, async (_each, turn) => {
          const who = turn % 3 === 0 ? 'permitted' : 'refused'
          return { who, ...(await post(estateOf(mode), who, { query })) }
        }),
      )
      for (const { who, text } of answers) expect(text.includes(secret)).toBe(who === 'permitted')
    })

    it('is not got by GET', async () => {
      const { url } = estateOf(mode)
      const response = await fetch(`${url}/graphql?query=${encodeURIComponent(asked)}`, {
        headers: { authorization: `Bearer ${scopes.refused}`, 'apollo-require-preflight': 'yes' },
      })
      expect([response.status, (await response.text()).includes(secret)]).toEqual([refusedAs, false])
    })

    it('is not got in a batch', async () => {
      await expectNothingOf([{ query: asked }, { query: '{ open }' }], 400)
    })

    it('is not got from entities as the gateway asks for them', async () => {
      await expectNothingOf(
        {
          query: `{ _entities(representations: [{ __typename: "User", id: "usr_ada" }]) { ... on User { ${field} } } }`,
        },
        400,
      )
    })

    it.each(['@defer', '@stream'])('is not got later, by %s', async (directive) => {
      await expectNothingOf({ query: `{ user(id: "usr_ada") { ... ${directive} { ${field} } } }` }, 400)
    })

    it('is not got by narrowing or widening what becomes of the operation', async () => {
      await expectNothingOf({ query: asked }, 403, { 'x-latchkey-authorization': 'reject' })
      await expectNothingOf({ query: asked }, 400, { 'x-latchkey-authorization': 'filter' })
      await expectNothingOf({ query: asked }, 400, { 'x-latchkey-authorization': '' })
    })

    it('is not told of by messages in production, nor by introspection unless a policy may say yes', async () => {
      const production = await openEstate({ authorization: mode, mode: 'production' })
      try {
        for (const [query, status] of [
          [`{ user(id: "usr_ada") { ${field.slice(0, -1)} } }`, 400],
          ['{ __type(name: "User") { fields { name } } }', 200],
        ] as const) {
          const { value, heard } = await heardDuring(production, () => post(production, 'refused', { query }))
          expect([value.status, heard]).toEqual([status, []])
          expect(new RegExp(`\\b${field}\\b`).test(value.text)).toBe(guard === 'a policy' && status === 200)
        }
      } finally {
        await production.gateway.close()
      }
    })
  })
})
