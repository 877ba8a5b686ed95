import { createSubgraphServer } from '@latchkey/subgraph/server'
import { anApiKey, anonymous, aUser, createFakeGateway, type FakeGateway } from '@latchkey/subgraph/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { billing } from './subgraph.ts'

const query = 'query ($them: [_Any!]!) { _entities(representations: $them) { ... on ApiKey { id cost } } }'
const them = [{ __typename: 'ApiKey', id: 'Key000000001' }]

let gateway: FakeGateway
let url: string
let close: () => Promise<void>
beforeAll(async () => {
  gateway = await createFakeGateway({ subgraph: 'billing' })
  const server = createSubgraphServer({ ...billing, trust: { jwksUrl: gateway.jwksUrl }, logger: silentLogger })
  url = `${(await server.listen()).url}/graphql`
  close = server.close
})
afterAll(async () => {
  await close()
  await gateway.close()
})

it('says what a key costs to whoever holds the scope', async () => {
  const reader = aUser({ scopes: ['billing:read'] })
  expect((await gateway.ask(url, reader, query, { them })).data).toEqual({
    _entities: [{ id: 'Key000000001', cost: expect.any(Number) }],
  })
})

it.each([
  ['nobody', anonymous, 'UNAUTHENTICATED'],
  ['a person without the scope', aUser({ scopes: [] }), 'FORBIDDEN'],
  ['a key without the scope', anApiKey({ scopes: [] }), 'FORBIDDEN'],
] as const)('and not to %s', async (_, principal, code) => {
  const { errors } = await gateway.ask(url, principal, query, { them })
  expect(errors?.[0]?.extensions?.code).toBe(code)
})
