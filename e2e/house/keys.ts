/** The life of a key, over two gateways: made, used, set aside, rotated, ended, and over by itself. */
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { askAllTheWhile } from '../support/all-the-while.ts'
import { aKey, apiKey, ask, bearer, codesOf, doneBefore, type SignedIn, signedIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

const me = '{ me { id sessions { id } apiKeys { id } } }'
const acrossTheGraph = '{ me { email sessions { device } apiKeys { id name scopes } orders { id item total } } }'
const scopes = ['profile:read', 'sessions:read', 'keys:read']
const disable = 'mutation ($id: ID!) { disableApiKey(id: $id) { apiKey { status } } }'
const enable = 'mutation ($id: ID!) { enableApiKey(id: $id) { apiKey { status } } }'
const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id, reason: "A story" }) { apiKey { status } } }'
const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }'
const rotate = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { id status } } }`

export function keyStories(openHouse: () => Topology): void {
  let house: Topology
  let ada: SignedIn
  beforeAll(async () => {
    house = openHouse()
    ada = await signedIn(house.gateways[0])
  })

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

  it('is made once and asks three subgraphs and another team’s in one operation, at every gateway', async () => {
    const { secret, apiKey: key } = await aKey(house.gateways[0], ada, [...scopes, 'orders:read'])
    const bySession = await byAda(acrossTheGraph, {})
    expect(bySession.data.me.orders.length).toBeGreaterThan(0)
    expect(bySession.data.me.apiKeys.map(({ id }: { id: string }) => id)).toContain(key.id)
    for (const gateway of house.gateways) {
      const answer = await ask(gateway, apiKey(secret), acrossTheGraph)
      expect([answer.errors, answer.data]).toEqual([[], bySession.data])
    }
  })

  it('is set aside and taken up again, everywhere, with the next request', async () => {
    const { secret, apiKey: key } = await aKey(house.gateways[0], ada, scopes)
    expect(await verdicts(secret)).toEqual(served)
    await byAda(disable, { id: key.id })
    expect(await verdicts(secret)).toEqual(refused)
    await byAda(enable, { id: key.id })
    expect(await verdicts(secret)).toEqual(served)
  })

  it('goes on beside its successor for the overlap, and ends on time', async () => {
    const rotated = async (overlap: number) => {
      const old = await aKey(house.gateways[0], ada, scopes)
      const startedMs = performance.now()
      const { data } = await byAda(rotate, { input: { id: old.apiKey.id, overlap } })
      const [oldSecret, next] = [old.secret, data.rotateApiKey.secret]
      const both = [await verdicts(oldSecret), await verdicts(next)]
      return { overlap, oldSecret, next, both, tookMs: performance.now() - startedMs }
    }
    const first = await rotated(2)
    // On a slow machine an overlap may be over before anybody has asked.
    const { overlap, oldSecret, next, both } = first.tookMs < 2_000 ? first : await rotated(30)
    expect(both).toEqual([served, served])
    await pause(overlap * 1_000)
    expect([await verdicts(oldSecret), await verdicts(next)]).toEqual([refused, served])
  })

  it('ends at once when it has leaked, and its successor works', async () => {
    const leaked = await aKey(house.gateways[0], ada, scopes)
    const { data } = await byAda(rotate, { input: { id: leaked.apiKey.id, overlap: 0 } })
    expect([await verdicts(leaked.secret), await verdicts(data.rotateApiKey.secret)]).toEqual([refused, served])
  })

  it('is served nowhere once its revocation is answered, however many ask meanwhile', async () => {
    const { secret, apiKey: key } = await aKey(house.gateways[0], ada, scopes)
    const programs = askAllTheWhile(house.gateways, [secret, secret, secret], '{ me { id } }')
    await programs.goOn(20)
    const { data } = await byAda(revoke, { id: key.id })
    const answeredMs = performance.now()
    await programs.goOn(20)
    const { servedBefore, servedAfter, askedAfter } = await programs.stop(answeredMs)
    expect(data.revokeApiKey.apiKey.status).toBe('REVOKED')
    expect([servedBefore > 0, askedAfter >= 20, servedAfter]).toEqual([true, true, 0])
  })

  it('is over by the clock, and nobody has to do anything for it', async () => {
    const { secret, before } = await doneBefore(async (end) => {
      const input = { name: 'short', scopes, expiresAt: end.toISOString() }
      const { secret } = (await byAda(create, { input })).data.createApiKey
      return { secret, before: await verdicts(secret) }
    })
    expect(before).toEqual(served)
    expect(await verdicts(secret)).toEqual(refused)
  })
}
