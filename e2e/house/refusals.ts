/** Who must not get in: every bad credential, and every way around the front door. */
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createSealer } from '@latchkey/principal/envelope'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { beforeAll, expect, it } from 'vitest'
import { type Answer, aKey, apiKey, ask, bearer, codesOf, nobody, type SignedIn, signedIn } from '../support/client.ts'
import type { Topology, TopologyName } from '../support/topology.ts'

const me = '{ me { id email } }'
const verdictOf = (answer: Answer) => [answer.status, codesOf(answer), answer.data ?? null]

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function refusalStories(name: TopologyName, openHouse: () => Topology): void {
  let house: Topology
  let gateway: string
  let ada: SignedIn
  beforeAll(async () => {
    house = openHouse()
    gateway = house.gateways[0]
    ada = await signedIn(gateway)
  })

  /** A token that says what ada's says, but for what is changed. */
  const forge = (key: KeyObject | Uint8Array, header: object = {}, claims: object = {}) =>
    new SignJWT({ ...decodeJwt(ada.accessToken), ...claims })
      .setProtectedHeader({ ...decodeProtectedHeader(ada.accessToken), alg: 'EdDSA', ...header })
      .sign(key)
  const stranger = generateKeyPairSync('ed25519').privateKey

  async function publishedKey(): Promise<KeyObject> {
    const answer = await fetch(`${gateway}/.well-known/jwks.json`)
    const { keys } = (await answer.json()) as { keys: JsonWebKey[] }
    return createPublicKey({ key: keys[0] ?? {}, format: 'jwk' })
  }

  it('no credential: UNAUTHENTICATED', async () => {
    expect(verdictOf(await ask(gateway, nobody, me))).toEqual([401, ['UNAUTHENTICATED'], null])
  })

  it.each<[string, () => Promise<string>]>([
    ['signed by a stranger', () => forge(stranger)],
    ['for another audience', () => forge(stranger, {}, { aud: 'billing' })],
    ['of another issuer', () => forge(stranger, {}, { iss: 'https://elsewhere.example' })],
    ['that has expired', () => forge(stranger, {}, { exp: 1_000 })],
    [
      'MACed with the published key',
      async () => {
        const pem = (await publishedKey()).export({ format: 'pem', type: 'spki' })
        return forge(Buffer.from(pem), { alg: 'HS256' })
      },
    ],
    ['with alg none', async () => `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(decodeJwt(ada.accessToken))}.`],
    [
      'with another session inside',
      async () => {
        const [header, , signature] = ada.accessToken.split('.')
        return `${header}.${encode({ ...decodeJwt(ada.accessToken), sid: 'ses_0000000000000000000000' })}.${signature}`
      },
    ],
    ['that is a refresh token', async () => ada.refreshToken],
    ['that is garbage', async () => 'garbage'],
  ])('an access token %s: CREDENTIAL_REJECTED, whatever is asked', async (_, token) => {
    const credential = bearer(await token())
    expect(verdictOf(await ask(gateway, credential, me))).toEqual([401, ['CREDENTIAL_REJECTED'], null])
    expect(verdictOf(await ask(gateway, credential, '{ __typename }'))).toEqual([401, ['CREDENTIAL_REJECTED'], null])
  })

  it('a key that is mistyped, unknown, of another environment, or cut short: CREDENTIAL_REJECTED', async () => {
    const { secret } = await aKey(gateway, ada, ['profile:read'])
    const wrong = [
      secret.slice(0, -1),
      secret.replace('lk_test_', 'lk_live_'),
      secret.slice(0, 30) + (secret[30] === 'x' ? 'y' : 'x') + secret.slice(31),
      'lk_test_',
      '',
    ]
    for (const text of wrong)
      expect(verdictOf(await ask(gateway, apiKey(text), me))).toEqual([401, ['CREDENTIAL_REJECTED'], null])
  })

  it('a key without the scope: FORBIDDEN, under an alias, in a fragment, behind a variable', async () => {
    const { secret } = await aKey(gateway, ada, ['sessions:read'])
    for (const query of [
      me,
      '{ who: me { mail: email } }',
      '{ ...A } fragment A on Query { me { ... on User { email } } }',
      'query ($no: Boolean = false) { me { id email @include(if: $no) } }',
    ])
      expect(verdictOf(await ask(gateway, apiKey(secret), query))).toEqual([403, ['FORBIDDEN'], null])
  })

  it('a key is no session: it makes no keys and ends no sessions', async () => {
    const scopes = ['profile:read', 'keys:write', 'sessions:write']
    const { secret } = await aKey(gateway, ada, scopes)
    const mutations = [
      'mutation { createApiKey(input: { name: "x", scopes: ["profile:read"] }) { secret } }',
      `mutation { revokeSession(id: "${ada.sessionId}") { sessionId } }`,
      'mutation { signOut { sessionId } }',
    ]
    for (const mutation of mutations)
      expect(codesOf(await ask(gateway, apiKey(secret), mutation))).toEqual(['FORBIDDEN'])
    expect((await ask(gateway, bearer(ada.accessToken), me)).status).toBe(200)
  })

  it('another person’s session, key and account read like unknown ones', async () => {
    const eve = await signedIn(gateway)
    const key = await aKey(gateway, ada, ['profile:read'])
    const asEve = (query: string, id: string) => ask(gateway, bearer(eve.accessToken), query, { id })
    const questions: [string, string, string][] = [
      ['mutation ($id: ID!) { revokeSession(id: $id) { sessionId } }', ada.sessionId, 'ses_0000000000000000000000'],
      ['mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }', key.apiKey.id, '000000000000'],
      ['query ($id: ID!) { apiKey(id: $id) { id name } }', key.apiKey.id, '000000000000'],
      ['query ($id: ID!) { user(id: $id) { id email } }', ada.userId, 'usr_0000000000000000000000'],
    ]
    for (const [query, theirs, unknown] of questions) {
      const [one, other] = [await asEve(query, theirs), await asEve(query, unknown)]
      expect(codesOf(one)).toEqual(['NOT_FOUND'])
      expect([one.status, one.data, one.errors]).toEqual([other.status, other.data, other.errors])
    }
    expect((await ask(gateway, bearer(ada.accessToken), me)).status).toBe(200)
    expect((await ask(gateway, apiKey(key.secret), me)).status).toBe(200)
  })

  it('two credentials of different people: CREDENTIAL_REJECTED', async () => {
    const eve = await signedIn(gateway)
    const { secret } = await aKey(gateway, eve, ['profile:read'])
    const both = { ...bearer(ada.accessToken), ...apiKey(secret) }
    expect(verdictOf(await ask(gateway, both, me))).toEqual([401, ['CREDENTIAL_REJECTED'], null])
  })

  it('what is for services only is not in the graph', async () => {
    for (const query of [
      `{ grants(userId: "${ada.userId}") { scopes } }`,
      '{ checkPassword(email: "a", password: "b") { outcome } }',
      '{ apiKeyRecord(id: "x") { secretMac } }',
      `{ personalData(userId: "${ada.userId}") { document } }`,
      `mutation { eraseUser(userId: "${ada.userId}") { forgotten } }`,
      `{ _entities(representations: [{ __typename: "User", id: "${ada.userId}" }]) { __typename } }`,
      '{ _service { sdl } }',
    ])
      expect(codesOf(await ask(gateway, bearer(ada.accessToken), query))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
  })

  it('an identity header of a client counts for nothing', async () => {
    const claim = encode({ kind: 'user', userId: ada.userId, scopes: ['profile:read'] })
    const spoofed = { 'latchkey-principal': claim, 'x-user-id': ada.userId, 'latchkey-client': claim }
    expect(verdictOf(await ask(gateway, spoofed, me))).toEqual([401, ['UNAUTHENTICATED'], null])
  })

  const whereSubgraphsListen = name === 'distributed' ? it : () => {}
  whereSubgraphsListen('a subgraph asked past the gateway answers 401 and nothing else', async () => {
    const questions = [
      '{ _service { sdl } }',
      `{ _entities(representations: [{ __typename: "User", id: "${ada.userId}" }]) { ... on User { id } } }`,
      '{ me { id } }',
      '{ __schema { types { name } } }',
    ]
    const envelopes = ['', 'garbage', ada.accessToken, await forge(stranger, { typ: 'latchkey-principal+jwt' })]
    for (const subgraph of ['users', 'sessions', 'api-keys'])
      for (const query of questions)
        for (const envelope of envelopes) {
          const answer = await fetch(house.subgraphUrls[subgraph] ?? '', {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...(envelope && { 'latchkey-principal': envelope }) },
            body: JSON.stringify({ query }),
          })
          expect([subgraph, answer.status, await answer.text()]).toEqual([subgraph, 401, ''])
        }
  })

  whereSubgraphsListen('only Users may have a person forgotten, however well another envelope is sealed', async () => {
    const principals: [issuer: 'gateway' | 'users' | 'sessions', principal: Principal, status: number, code: string][] =
      [
        [
          'gateway',
          aUser({ userId: ada.userId, scopes: ['users:write', 'sessions:admin', 'keys:admin'] }),
          200,
          'FORBIDDEN',
        ],
        ['gateway', anApiKey({ ownerId: ada.userId }), 200, 'FORBIDDEN'],
        ['gateway', aService('gateway'), 200, 'FORBIDDEN'],
        // Nobody speaks for another service, and Users speaks for no person.
        ['gateway', aService('users'), 401, ''],
        ['sessions', aService('users'), 401, ''],
        ['users', aUser({ userId: ada.userId }), 401, ''],
      ]
    const query = `mutation { eraseUser(userId: "${ada.userId}") { forgotten } }`
    for (const subgraph of ['sessions', 'api-keys'])
      for (const [issuer, principal, status, code] of principals) {
        const seal = createSealer({ issuer, privateKey: house.secrets.signingKey(issuer), clock: systemClock })
        const answer = await fetch(house.subgraphUrls[subgraph] ?? '', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'latchkey-principal': await seal(principal, subgraph) },
          body: JSON.stringify({ query }),
        })
        expect([answer.status, await answer.text()]).toEqual([status, code ? expect.stringContaining(code) : ''])
      }
    expect((await ask(gateway, bearer(ada.accessToken), me)).status).toBe(200)
  })
}
