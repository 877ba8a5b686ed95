/** The life of a key, over two gateways: made, set aside, rotated, ended. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aKey, apiKey, ask, bearer, codesOf, type SignedIn, signedIn } from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const me = '{ me { id sessions { id } apiKeys { id } } }'
const scopes = ['profile:read', 'sessions:read', 'keys:read']
const disable = 'mutation ($id: ID!) { disableApiKey(id: $id) { apiKey { status } } }'
const enable = 'mutation ($id: ID!) { enableApiKey(id: $id) { apiKey { status } } }'
const rotate = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { id status } } }`

inEveryTopology((name) => {
  let house: Topology
  let ada: SignedIn
  beforeAll(async () => {
    house = await startTopology(name)
    ada = await signedIn(house.gateways[0])
  })
  afterAll(() => house?.stop())

  const byAda = (query: string, variables: object) => ask(house.gateways[0], bearer(ada.accessToken), query, variables)
  /** What each gateway says to the key. */
  const verdicts = (secret: string) =>
    Promise.all(
      house.gateways.map(async (gateway) => {
        const answer = await ask(gateway, apiKey(secret), me)
        return answer.status === 200 && answer.errors.length === 0 ? 'served' : codesOf(answer)[0]
      }),
    )
  const [served, refused] = [
    ['served', 'served'],
    ['CREDENTIAL_REJECTED', 'CREDENTIAL_REJECTED'],
  ]

  it('is set aside and taken up again, everywhere, with the next request', async () => {
    const { secret, apiKey: key } = await aKey(house.gateways[0], ada, scopes)
    expect(await verdicts(secret)).toEqual(served)
    await byAda(disable, { id: key.id })
    expect(await verdicts(secret)).toEqual(refused)
    await byAda(enable, { id: key.id })
    expect(await verdicts(secret)).toEqual(served)
  })

  it('goes on beside its successor for the overlap, and ends on time', async () => {
    const old = await aKey(house.gateways[0], ada, scopes)
    const { data } = await byAda(rotate, { input: { id: old.apiKey.id, overlap: 2 } })
    const next = data.rotateApiKey
    expect([await verdicts(old.secret), await verdicts(next.secret)]).toEqual([served, served])
    await pause(2_000)
    expect([await verdicts(old.secret), await verdicts(next.secret)]).toEqual([refused, served])
  })

  it('ends at once when it has leaked, and its successor works', async () => {
    const leaked = await aKey(house.gateways[0], ada, scopes)
    const { data } = await byAda(rotate, { input: { id: leaked.apiKey.id, overlap: 0 } })
    expect([await verdicts(leaked.secret), await verdicts(data.rotateApiKey.secret)]).toEqual([refused, served])
  })
})
