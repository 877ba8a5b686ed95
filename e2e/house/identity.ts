/** One person's day: open an account, sign in, make a key, ask across the graph, leave. */
import { beforeAll, expect, it } from 'vitest'
import {
  aKey,
  aPerson,
  apiKey,
  ask,
  bearer,
  codesOf,
  mailsTo,
  nobody,
  registered,
  signedIn,
  signInOperation,
  tokenIn,
} from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

const me = '{ me { id email sessions { id device createdAt } apiKeys { id name scopes } } }'
const withOrders = '{ me { id email sessions { id } apiKeys { id } orders { id item total } } }'
const refresh = `mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename ... on SignedIn { accessToken refreshToken session { id } } } }`
const revokeSession = 'mutation ($id: ID!) { revokeSession(id: $id) { sessionId } }'
const revokeKey =
  'mutation ($id: ID!) { revokeApiKey(input: { id: $id, reason: "no longer needed" }) { apiKey { id status } } }'

export function identityStories(openHouse: () => Topology): void {
  let house: Topology
  let gateway: string
  let other: string
  beforeAll(async () => {
    house = openHouse()
    ;[gateway, other] = house.gateways
  })

  it('answers the same three-subgraph question to a session and to a key', async () => {
    const ada = await signedIn(gateway)
    const scopes = ['profile:read', 'sessions:read', 'keys:read']
    const key = await aKey(gateway, ada, scopes)
    const bySession = await ask(gateway, bearer(ada.accessToken), me)
    const byKey = await ask(other, apiKey(key.secret), me)
    expect(bySession.errors).toEqual([])
    expect(bySession.data.me).toMatchObject({
      id: ada.userId,
      email: ada.email,
      sessions: [{ id: ada.sessionId }],
      apiKeys: [{ id: key.apiKey.id, name: 'reader', scopes }],
    })
    expect(byKey.data).toEqual(bySession.data)
  })

  it('reaches another team’s subgraph in the same operation, guarded by its scope', async () => {
    const ada = await signedIn(gateway)
    const { data, errors } = await ask(gateway, bearer(ada.accessToken), withOrders)
    expect(errors).toEqual([])
    expect(data.me.orders.length).toBeGreaterThan(0)
    const mayOrder = await aKey(gateway, ada, ['profile:read', 'sessions:read', 'keys:read', 'orders:read'])
    expect((await ask(gateway, apiKey(mayOrder.secret), withOrders)).data.me.orders).toEqual(data.me.orders)
    const mayNot = await aKey(gateway, ada, ['profile:read', 'sessions:read', 'keys:read'])
    const refused = await ask(gateway, apiKey(mayNot.secret), withOrders)
    expect([refused.status, codesOf(refused)]).toEqual([403, ['FORBIDDEN']])
  })

  it('does not say whether an address was known, and tells its owner by mail', async () => {
    const ada = await registered(gateway)
    const again = { input: { ...ada, displayName: 'Eve' } }
    const register = 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }'
    const known = await ask(gateway, nobody, register, again)
    const unknown = await ask(gateway, nobody, register, { input: { ...aPerson('new'), displayName: 'New' } })
    expect([known.status, known.data, known.errors]).toEqual([unknown.status, unknown.data, unknown.errors])
    await expect.poll(async () => (await mailsTo(other, ada.email)).length).toBe(2)
  })

  it('opens a page for the link in the mail, and opening it confirms nothing', async () => {
    const eve = aPerson('link')
    await ask(gateway, nobody, 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }', {
      input: { ...eve, displayName: 'Eve' },
    })
    await expect.poll(async () => (await mailsTo(gateway, eve.email)).length).toBe(1)
    const [mail] = await mailsTo(gateway, eve.email)
    const page = await fetch(`${gateway}/verify-email?token=${mail && tokenIn(mail)}`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const { data } = await ask(gateway, nobody, signInOperation, { input: eve })
    expect(data.signIn.__typename).toBe('SignInRefused')
  })

  it('does not sign in who has not confirmed the address', async () => {
    const eve = aPerson('eve')
    await ask(gateway, nobody, 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }', {
      input: { ...eve, displayName: 'Eve' },
    })
    const { data } = await ask(gateway, nobody, signInOperation, { input: eve })
    expect(data.signIn.__typename).toBe('SignInRefused')
  })

  it('exchanges a refresh token for the next pair, and ends the session when an old one comes back', async () => {
    const ada = await signedIn(gateway)
    const first = (await ask(gateway, nobody, refresh, { token: ada.refreshToken })).data.refreshSession
    expect(first).toMatchObject({ __typename: 'SignedIn', session: { id: ada.sessionId } })
    const second = (await ask(other, nobody, refresh, { token: first.refreshToken })).data.refreshSession
    expect(second.__typename).toBe('SignedIn')
    const replayed = (await ask(gateway, nobody, refresh, { token: ada.refreshToken })).data.refreshSession
    expect(replayed.__typename).toBe('SignInRefused')
    const after = await ask(other, bearer(second.accessToken), '{ me { id } }')
    expect([after.status, codesOf(after)]).toEqual([401, ['CREDENTIAL_REJECTED']])
  })

  it('names the device a person signed in with', async () => {
    const ada = await registered(gateway)
    const browser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
    const { data } = await ask(gateway, browser, signInOperation, { input: ada })
    const answer = await ask(other, bearer(data.signIn.accessToken), '{ session { device } }')
    expect(answer.data.session.device).toBe('Firefox on Linux')
  })

  it('signs out at once, everywhere', async () => {
    const ada = await signedIn(gateway)
    await ask(gateway, bearer(ada.accessToken), 'mutation { signOut { sessionId } }')
    for (const each of house.gateways)
      expect(codesOf(await ask(each, bearer(ada.accessToken), '{ me { id } }'))).toEqual(['CREDENTIAL_REJECTED'])
  })

  it('revokes one session and leaves the others', async () => {
    const ada = await registered(gateway)
    const [phone, laptop] = [await signedIn(gateway, ada), await signedIn(other, ada)]
    const { data } = await ask(gateway, bearer(laptop.accessToken), revokeSession, { id: phone.sessionId })
    expect(data.revokeSession.sessionId).toBe(phone.sessionId)
    expect((await ask(other, bearer(phone.accessToken), '{ me { id } }')).status).toBe(401)
    const left = await ask(other, bearer(laptop.accessToken), '{ session { id current } me { sessions { id } } }')
    expect(left.data).toEqual({
      session: { id: laptop.sessionId, current: true },
      me: { sessions: [{ id: laptop.sessionId }] },
    })
  })

  it('revokes a key at once, everywhere', async () => {
    const ada = await signedIn(gateway)
    const key = await aKey(gateway, ada, ['profile:read'])
    for (const each of house.gateways) expect((await ask(each, apiKey(key.secret), '{ me { id } }')).status).toBe(200)
    const { data } = await ask(gateway, bearer(ada.accessToken), revokeKey, { id: key.apiKey.id })
    expect(data.revokeApiKey.apiKey.status).toBe('REVOKED')
    for (const each of house.gateways)
      expect(codesOf(await ask(each, apiKey(key.secret), '{ me { id } }'))).toEqual(['CREDENTIAL_REJECTED'])
  })

  it('gives the first administrator what an administrator may, with the next request', async () => {
    const ada = await signedIn(gateway)
    const eve = await signedIn(gateway)
    const askForEve = () =>
      ask(other, bearer(ada.accessToken), 'query ($id: ID!) { user(id: $id) { id email } }', { id: eve.userId })
    expect(codesOf(await askForEve())).toEqual(['NOT_FOUND'])
    await house.grantRole(ada.email, 'admin')
    expect((await askForEve()).data.user).toEqual({ id: eve.userId, email: eve.email })
  })
}
