import { clockAt } from '@latchkey/clock/testing'
import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { silentLogger } from '@latchkey/telemetry'
import { describe, expect, it } from 'vitest'
import { createOrdersSubgraph } from './subgraph.ts'

const clock = clockAt('2030-03-01T00:00:00Z')
const orders = createOrdersSubgraph({ logger: silentLogger, clock })
const ada = aUser({ userId: 'usr_ada', scopes: ['profile:read', 'orders:read'] })
const query = `query ($them: [_Any!]!) { _entities(representations: $them) { ... on User { id orders { id item total placedAt } } } }`
const users = (...ids: string[]) => ({ them: ids.map((id) => ({ __typename: 'User', id })) })
const codesOf = async (principal: Principal, text: string, variables = {}) =>
  (await ask(orders, principal, text, variables)).errors?.map(({ extensions }) => extensions?.code)

describe('User.orders', () => {
  it('shows the two orders of a person, the same every time', async () => {
    const answer = await ask(orders, ada, query, users('usr_ada'))
    expect(answer).toEqual(await ask(orders, ada, query, users('usr_ada')))
    expect(answer.data?._entities).toEqual([
      {
        id: 'usr_ada',
        orders: [
          { id: 'usr_ada-2', item: 'Padlock, brass', total: 1890, placedAt: '2030-02-01T09:00:00.000Z' },
          { id: 'usr_ada-1', item: 'Key blanks, box of ten', total: 745, placedAt: '2030-01-15T14:30:00.000Z' },
        ],
      },
    ])
  })

  it.each<[string, Principal, string | undefined]>([
    ['nobody', anonymous, 'UNAUTHENTICATED'],
    ['a user without the scope', aUser({ userId: 'usr_ada', scopes: ['profile:read'] }), 'FORBIDDEN'],
    ['a key without the scope', anApiKey({ ownerId: 'usr_ada', scopes: ['profile:read'] }), 'FORBIDDEN'],
    ['another user', aUser({ userId: 'usr_eve', scopes: ['orders:read'] }), 'NOT_FOUND'],
    ['a service', aService('gateway', ['orders:read']), 'UNAUTHENTICATED'],
    ['a key with the scope', anApiKey({ ownerId: 'usr_ada', scopes: ['orders:read'] }), undefined],
  ])('asked by %s', async (_name, principal, code) => {
    expect((await codesOf(principal, query, users('usr_ada')))?.[0]).toBe(code)
  })
})

describe('order', () => {
  const one = 'query ($id: ID!) { order(id: $id) { id item } }'

  it('shows one of your orders, by its id and as an entity', async () => {
    const entity = `query ($them: [_Any!]!) { _entities(representations: $them) { ... on Order { id item } } }`
    const order = { id: 'usr_ada-1', item: 'Key blanks, box of ten' }
    expect((await ask(orders, ada, one, { id: 'usr_ada-1' })).data).toEqual({ order })
    const them = [{ __typename: 'Order', id: 'usr_ada-1' }]
    expect((await ask(orders, ada, entity, { them })).data).toEqual({ _entities: [order] })
  })

  it.each(['usr_eve-1', 'usr_ada-3', 'usr_ada', '-1', ''])('answers NOT_FOUND for %j', async (id) => {
    expect(await codesOf(ada, one, { id })).toEqual(['NOT_FOUND'])
  })
})

describe('Order.paidWith', () => {
  const paidWith = '{ order(id: "usr_ada-2") { paidWith } }'
  const nowS = clock.now().getTime() / 1_000
  const shown = { ...ada, acr: 'aal2', authTime: nowS - 600 } as const

  it('is for whoever showed a second factor in the last ten minutes, as the schema says', async () => {
    expect((await ask(orders, shown, paidWith)).data).toEqual({ order: { paidWith: 'Card ending in 4242' } })
    expect(await codesOf({ ...shown, authTime: nowS - 601 }, paidWith)).toEqual(['STEP_UP_REQUIRED'])
    expect(await codesOf({ ...shown, acr: 'aal1' }, paidWith)).toEqual(['STEP_UP_REQUIRED'])
    expect(await codesOf(anApiKey({ ownerId: 'usr_ada', scopes: ['orders:read'] }), paidWith)).toEqual(['FORBIDDEN'])
  })
})

describe('Order.margin', () => {
  it('leaves its policy to the gateway, and asks the rest itself', async () => {
    const margin = '{ order(id: "usr_ada-2") { margin } }'
    expect((await ask(orders, ada, margin)).data).toEqual({ order: { margin: 410 } })
    expect(await codesOf(aUser({ userId: 'usr_ada', scopes: ['profile:read'] }), margin)).toEqual(['FORBIDDEN'])
    expect(await codesOf(anonymous, margin)).toEqual(['UNAUTHENTICATED'])
  })
})
