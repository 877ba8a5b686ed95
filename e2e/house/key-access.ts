/** Keys that may touch only a part of the schema, over two gateways and four subgraphs. */
import { hash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, apiKey, ask, bearer, patiently, type SignedIn, signedIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

const scopes = ['profile:read', 'sessions:read', 'keys:read', 'orders:read']
const create = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  secret apiKey { id scopes access { allow accepted stale pending } } } }`
const update = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }'
const overAll = 'query All { me { id sessions { id } apiKeys { id name } orders { id item total } } }'

export function keyAccessStories(openHouse: () => Topology): void {
  let house: Topology
  let ada: SignedIn
  let orderId = ''
  beforeAll(async () => {
    house = openHouse()
    ada = await signedIn(house.gateways[0])
    orderId = (await byAda('{ me { orders { id } } }')).data.me.orders[0].id
  })

  const byAda = (query: string, variables: object = {}) =>
    patiently(() => ask(house.gateways[0], bearer(ada.accessToken), query, variables))
  const made = async (input: object) => {
    const answer = await byAda(create, { input: { name: 'partner', ...input } })
    expect(answer.errors).toEqual([])
    return answer.data.createApiKey as { secret: string; apiKey: { id: string; scopes: string[] } }
  }
  /** `served`, or the coordinate that is named in the refusal; by both gateways the same. */
  const verdict = async (secret: string, query: string, variables: object = {}) => {
    const answers = await Promise.all(
      house.gateways.map((gateway) => patiently(() => ask(gateway, apiKey(secret), query, variables))),
    )
    const [one, other] = answers.map(judged)
    expect(other).toBe(one)
    return one
  }
  const judged = ({ status, errors }: Answer): string => {
    if (status === 200 && errors.length === 0) return 'served'
    const { message = '', extensions } = errors[0] ?? {}
    if (extensions?.reason !== 'ACL_DENIED') return String(extensions?.code)
    expect([status, extensions.code]).toEqual([403, 'FORBIDDEN'])
    return /may not ask (\w+\.\w+(?:\(\w+:\))?)/.exec(message)?.[1] ?? 'another operation'
  }

  describe('a key that may see orders and nothing else', () => {
    let secret = ''
    let id = ''
    beforeAll(async () => {
      const allow = ['Query.me', 'User.id', 'User.orders', 'Order.*', '!Order.total']
      const key = await made({ scopes, access: { allow } })
      secret = key.secret
      id = key.apiKey.id
    })

    it.each([
      ['{ me { id orders { id item } } }', 'served'],
      ['{ me { __typename orders { __typename placedAt } } }', 'served'],
      ['{ me { orders { item: total } } }', 'Order.total'],
      ['{ me { ...U } } fragment U on User { orders { ... on Order { total } } }', 'Order.total'],
      ['{ me { email } }', 'User.email'],
      ['{ me { sessions { id } } }', 'User.sessions'],
      ['{ me { apiKeys { id } } }', 'User.apiKeys'],
      ['{ __schema { types { name } } }', 'Query.__schema'],
      ['mutation { signOut { sessionId } }', 'Mutation.signOut'],
      ['{ _entities(representations: []) { __typename } }', 'GRAPHQL_VALIDATION_FAILED'],
    ])('%s: %s', async (query, expected) => {
      expect(await verdict(secret, query)).toBe(expected)
    })

    it('may more with the next request once that is said, everywhere', async () => {
      expect(await verdict(secret, '{ me { email } }')).toBe('User.email')
      await byAda(update, { input: { id, access: { allow: ['Query.me', 'User.email'], deny: [] } } })
      expect(await verdict(secret, '{ me { email } }')).toBe('served')
      expect(await verdict(secret, '{ me { id orders { id item } } }')).toBe('User.id')
    })
  })

  it('a key for one order sees that one', async () => {
    const value = JSON.stringify(orderId)
    const { secret } = await made({ scopes, access: { allow: [`Query.order(id: ${value})`, 'Order.*'] } })
    const byVariable = 'query ($id: ID!) { order(id: $id) { item } }'
    expect(await verdict(secret, `{ order(id: ${value}) { item } }`)).toBe('served')
    expect(await verdict(secret, byVariable, { id: orderId })).toBe('served')
    expect(await verdict(secret, byVariable, { id: 'ord_other' })).toBe('Query.order(id:)')
    expect(await verdict(secret, `{ a: order(id: ${value}) { item } b: order(id: "x") { item } }`)).toBe(
      'Query.order(id:)',
    )
  })

  it('a key that is bound to an operation runs that one', async () => {
    const { secret } = await made({ scopes, operations: [hash('sha256', overAll, 'hex')] })
    expect(await verdict(secret, overAll)).toBe('served')
    expect(await verdict(secret, `${overAll} `)).toBe('another operation')
    expect(await verdict(secret, '{ me { id } }')).toBe('another operation')
  })

  it('a key that is made from operations runs them over every subgraph, and nothing beside them', async () => {
    const { secret, apiKey: key } = await made({ fromOperations: [overAll] })
    expect(key.scopes.toSorted()).toEqual(['keys:read', 'orders:read', 'sessions:read'])
    expect(await verdict(secret, overAll)).toBe('served')
    expect(await verdict(secret, '{ me { apiKeys { name } orders { total } } }')).toBe('served')
    expect(await verdict(secret, '{ me { email } }')).toBe('User.email')
    expect(await verdict(secret, '{ me { orders { placedAt } } }')).toBe('Order.placedAt')
    expect(await verdict(secret, `{ order(id: "${orderId}") { item } }`)).toBe('Query.order')
  })

  it('what the schema does not have, and what nobody may have, is refused when it is saved', async () => {
    const unknown = await byAda(create, { input: { name: 'x', scopes, access: { allow: ['Order.totl', 'User.*'] } } })
    expect(unknown.errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: { 'input.access.allow': expect.stringMatching(/Order\.totl \(it has Order\.total/) },
    })
    const beyond = await byAda(create, { input: { name: 'x', fromOperations: ['{ roles { name } }'] } })
    expect(beyond.errors[0]).toMatchObject({
      message: expect.stringContaining('roles:read'),
      extensions: { code: 'FORBIDDEN' },
    })
  })
}
