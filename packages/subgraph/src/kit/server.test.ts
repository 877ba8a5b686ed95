import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rule, signedIn } from '../guard.ts'
import { createNotes } from '../notes.fixture.ts'
import { anApiKey, anonymous, ask, aUser } from '../testing.ts'
import { createApolloSubgraph } from './apollo.ts'
import { createFakeGateway, type FakeGateway } from './fake-gateway.ts'
import { createSubgraphServer, Problem, type Rules } from './server.ts'

const orders = {
  name: 'orders',
  typeDefs: /* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { whoAmI: String! fails: String mine: String }
    type User @key(fields: "id") { id: ID! orders: [String!]! }
  `,
  resolvers: {
    Query: {
      whoAmI: (_: unknown, _args: unknown, { principal }: { principal: { kind: string } }) => principal.kind,
      fails: () => {
        throw new Error('password=hunter2')
      },
    },
    User: { orders: ({ id }: { id: string }) => [`one of ${id}`] },
  },
  rules: {
    Query: {
      whoAmI: signedIn,
      fails: signedIn,
      mine: rule('never', () => new Problem('NOT_FOUND'), { cache: 'none' }),
    },
    User: signedIn,
  } satisfies Rules,
  logger: silentLogger,
}

describe('createSubgraphServer', () => {
  let gateway: FakeGateway
  let url: string
  let close: () => Promise<void>
  const seen: (string | undefined)[] = []
  beforeAll(async () => {
    gateway = await createFakeGateway({ subgraph: 'orders' })
    const spy = {
      requestDidStart: async ({ request }: { request: { query?: string } }) => void seen.push(request.query),
    }
    const server = createSubgraphServer({ ...orders, trust: { jwksUrl: gateway.jwksUrl }, plugins: [spy] })
    url = `${(await server.listen()).url}/graphql`
    close = server.close
  })
  afterAll(async () => {
    await close()
    await gateway.close()
  })

  it('has the verified caller in the context of every resolver', async () => {
    expect(await gateway.ask(url, aUser(), '{ whoAmI }')).toEqual({ status: 200, data: { whoAmI: 'user' } })
    expect(await gateway.ask(url, anApiKey(), '{ whoAmI }')).toEqual({ status: 200, data: { whoAmI: 'apiKey' } })
  })

  it('answers for entities that belong to others', async () => {
    const query = 'query ($them: [_Any!]!) { _entities(representations: $them) { ... on User { orders } } }'
    const answer = await gateway.ask(url, aUser(), query, { them: [{ __typename: 'User', id: 'usr_ada' }] })
    expect(answer.data).toEqual({ _entities: [{ orders: ['one of usr_ada'] }] })
  })

  it('refuses by its rules, with the codes of the gateway, and tells nothing of its faults', async () => {
    const codes = async (principal: Parameters<FakeGateway['ask']>[1], query: string) =>
      (await gateway.ask(url, principal, query)).errors?.map(({ message, extensions }) => [message, extensions?.code])
    expect(await codes(anonymous, '{ whoAmI }')).toEqual([['Sign in to ask this.', 'UNAUTHENTICATED']])
    expect(await codes(aUser(), '{ mine }')).toEqual([[expect.any(String), 'NOT_FOUND']])
    expect(await codes(aUser(), '{ fails }')).toEqual([['Something went wrong on our side.', 'INTERNAL']])
    expect(await codes(aUser(), '{ nothing }')).toEqual([[expect.any(String), 'GRAPHQL_VALIDATION_FAILED']])
  })

  it('tells a stranger 401 and nothing else, and Apollo Server never hears of them', async () => {
    const asked = seen.length
    const body = JSON.stringify({ query: '{ _service { sdl } }' })
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect([answer.status, await answer.text()]).toEqual([401, ''])
    expect(seen.length).toBe(asked)
    expect(seen).toContain('{ whoAmI }')
  })

  it('does not begin without a rule for every field', () => {
    const trust = { publicKey: gateway.publicKey }
    const rulesOfOne = { Query: orders.rules.Query }
    expect(() => createSubgraphServer({ ...orders, rules: rulesOfOne, trust })).toThrow('No rule guards User.id')
  })
})

describe('a subgraph that Apollo Server runs', () => {
  const { definition } = createNotes()
  const ours = createNotes().subgraph
  const apollos = createApolloSubgraph(definition)
  beforeAll(() => apollos.start())
  afterAll(() => apollos.stop())

  it.each([
    '{ hello }',
    '{ notes { id title body related { id } broken } }',
    '{ note(id: "n1") { id ownerId writtenAt } two: note(id: "n2") { id title } }',
    '{ found { __typename ... on Note { id } ... on Folder { title notes { id } } } }',
    '{ fails(how: "problem") }',
    '{ a: fails(how: "error") b: fails(how: "text") c: fails(how: "unavailable") d: fails(how: "returned") }',
    '{ mine }',
    '{ nothing }',
    '{ hello',
    'mutation { write(title: "new") { id title } }',
    'query A { hello } query B { hello }',
  ])('answers as ours does: %s', async (query) => {
    const caller = aUser({ scopes: ['notes:write'] })
    const withoutPlace = ({ data, errors }: Awaited<ReturnType<typeof ask>>) => ({
      data: JSON.parse(JSON.stringify(data ?? null)),
      errors: errors?.map(({ path, extensions }) => ({ path, code: extensions?.code })),
    })
    expect(withoutPlace(await ask(apollos, caller, query))).toEqual(withoutPlace(await ask(ours, caller, query)))
  })
})
