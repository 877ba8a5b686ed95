/** Policies of the operator, and operations and schemas that are answered without what their caller may not ask. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  aKey,
  apiKey,
  ask,
  bearer,
  type Credential,
  codesOf,
  nobody,
  type SignedIn,
  signedIn,
} from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const policies = fileURLToPath(new URL('../examples/policies.mjs', import.meta.url))
const rejecting = { 'x-latchkey-authorization': 'reject' }
const orders = '{ me { id orders { item margin } } }'
const whyOf = ({ errors }: Awaited<ReturnType<typeof ask>>) =>
  errors.map(({ path, extensions }) => [path?.join('.'), extensions.code])

inEveryTopology((name) => {
  let house: Topology
  let ada: SignedIn
  let session: ReturnType<typeof bearer>
  beforeAll(async () => {
    const settings = {
      ...{ LATCHKEY_POLICIES_FILE: policies, LATCHKEY_AUTHORIZATION: 'filter' },
      ...{ LATCHKEY_LOG_LEVEL: 'info', LATCHKEY_TRUSTED_PROXIES: '1', LATCHKEY_INTROSPECTION: 'filtered' },
    }
    house = await startTopology(name, { settings })
    ada = await signedIn(house.gateways[0])
    session = bearer(ada.accessToken)
  })
  afterAll(() => house?.stop())

  it('leaves out what a policy does not let a person see, item by item, and says so the same on every gateway', async () => {
    for (const gateway of house.gateways)
      for (let lane = 0; lane < 2; lane++) {
        const answer = await ask(gateway, session, orders)
        expect(answer.status).toBe(200)
        expect(answer.data.me).toEqual({
          id: ada.userId,
          orders: [
            { item: 'Padlock, brass', margin: null },
            { item: 'Key blanks, box of ten', margin: null },
          ],
        })
        expect(whyOf(answer)).toEqual([
          ['me.orders.0.margin', 'FORBIDDEN'],
          ['me.orders.1.margin', 'FORBIDDEN'],
        ])
        expect(JSON.stringify(answer.errors)).not.toContain('orders-margin')
      }
    if (name === 'embedded') expect(house.logged()).toMatch(/"detail":"policy says no: [^"]*\\"orders-margin\\"/)
  })

  it('lets a policy see who asks and from where', async () => {
    const [gateway, other] = house.gateways
    const key = await aKey(gateway, ada, ['profile:read', 'orders:read'])
    expect((await ask(other, apiKey(key.secret), orders)).data.me.orders[0].margin).toBe(410)
    const here = await ask(gateway, { ...session, 'x-forwarded-for': '127.0.0.2' }, orders)
    expect([here.errors, here.data.me.orders[1].margin]).toEqual([[], 95])
    const lied = await ask(gateway, { ...session, 'x-forwarded-for': '127.0.0.2, 192.0.2.9' }, orders)
    expect(codesOf(lied)).toEqual(['FORBIDDEN', 'FORBIDDEN'])
  })

  it('refuses the whole to a client that wants all or nothing, and takes no other wish', async () => {
    for (const gateway of house.gateways) {
      const refused = await ask(gateway, { ...session, ...rejecting }, orders)
      expect([refused.status, codesOf(refused), refused.data]).toEqual([403, ['FORBIDDEN'], undefined])
      const wish = await ask(gateway, { ...session, 'x-latchkey-authorization': 'filter' }, '{ me { id } }')
      expect([wish.status, codesOf(wish)]).toEqual([400, ['BAD_REQUEST']])
    }
  })

  it('says of every field why it is not there: to nobody, to a key, and to whoever has yet to prove who they are', async () => {
    const [gateway] = house.gateways
    const unknown = await ask(gateway, nobody, '{ __typename me { id } }')
    expect([unknown.status, unknown.data, whyOf(unknown)]).toEqual([
      200,
      { __typename: 'Query', me: null },
      [['me', 'UNAUTHENTICATED']],
    ])
    const poor = await aKey(gateway, ada, ['profile:read'])
    const byKey = await ask(gateway, apiKey(poor.secret), '{ me { id email sessions { id } orders { item } } }')
    expect([byKey.data.me, byKey.errors.map(({ extensions }) => extensions.reason)]).toEqual([
      { id: ada.userId, email: ada.email, sessions: null, orders: null },
      ['SCOPE_DENIED', 'SCOPE_DENIED'],
    ])
    const weak = await ask(gateway, session, '{ me { orders { item paidWith } } }')
    expect(whyOf(weak)).toEqual([
      ['me.orders.0.paidWith', 'STEP_UP_REQUIRED'],
      ['me.orders.1.paidWith', 'STEP_UP_REQUIRED'],
    ])
    expect(weak.errors[0]?.extensions).toMatchObject({ assurance: { level: 'AAL2', maxAgeSeconds: 600 } })
  })

  it('makes no change of which the caller may not ask the field, and makes the one beside it', async () => {
    const [gateway, other] = house.gateways
    const { version } = (await ask(gateway, session, '{ me { version } }')).data.me
    const both = `mutation { deleteRole(name: "user") { name } updateProfile(input: { version: ${version}, displayName: "Countess" }) { user { displayName } } }`
    const answer = await ask(gateway, session, both)
    expect([answer.status, answer.data, whyOf(answer)]).toEqual([
      200,
      { deleteRole: null, updateProfile: { user: { displayName: 'Countess' } } },
      [['deleteRole', 'FORBIDDEN']],
    ])
    expect((await ask(other, session, '{ me { displayName } }')).data.me.displayName).toBe('Countess')
  })

  it('shows the schema to nobody unknown, and to each as far as they may ask it at the time, on every gateway', async () => {
    const query = '{ __schema { mutationType { fields { name } } } order: __type(name: "Order") { fields { name } } }'
    const shown = async (gateway: string, credential: Credential) => {
      const { data, errors } = await ask(gateway, credential, query)
      expect(errors).toEqual([])
      return JSON.stringify(data)
    }
    const key = await aKey(house.gateways[0], ada, ['profile:read'])
    for (const gateway of house.gateways) {
      const unknown = await ask(gateway, nobody, query)
      expect([unknown.status, codesOf(unknown), unknown.data]).toEqual([401, ['UNAUTHENTICATED'], undefined])
      const byPerson = await shown(gateway, session)
      for (const name of ['updateProfile', 'margin', 'paidWith']) expect(byPerson).toContain(`"${name}"`)
      expect(byPerson).not.toContain('"deleteRole"')
      expect(await shown(gateway, apiKey(key.secret))).not.toMatch(/"(updateProfile|margin|paidWith)"/)
    }
    await house.grantRole(ada.email, 'admin')
    for (const gateway of house.gateways) expect(await shown(gateway, session)).toContain('"deleteRole"')
  })
})
