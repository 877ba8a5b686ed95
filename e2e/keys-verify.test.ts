/** What a key is worth: why one is refused, at the gateway and where another service asks; and how often one may guess. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assemble, openServedSupergraph } from '@latchkey/app'
import { parseConfig } from '@latchkey/app/config'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { formatApiKeyText, parseApiKeyText } from '@latchkey/principal/api-key-text'
import { createSealer } from '@latchkey/principal/envelope'
import { openRedis } from '@latchkey/principal/redis'
import { aService } from '@latchkey/principal/testing'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  anAdministrator,
  apiKey,
  ask,
  bearer,
  type Credential,
  doneBefore,
  from,
  type SignedIn,
  signedIn,
} from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const billing = generateKeyPairSync('ed25519')
const publicKey = billing.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
const settings = { LATCHKEY_TRUSTED_PROXIES: '1', LATCHKEY_KEY_VERIFIERS: `billing=${publicKey}` }

const me = '{ me { id } }'
const scopes = ['profile:read']
const origin = 'https://app.example.com'
const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }'
const verify = `mutation ($input: VerifyApiKeyInput!) {
  verifyApiKey(input: $input) { ... on ApiKeyValid { scopes } ... on ApiKeyRefused { code retryAfterMs key { keyId } } }
}`

const mistyped = (text: string) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
const guessOf = (text: string, turn: number) => {
  const parts = parseApiKeyText(text)
  if (!parts) throw new Error('this is no key')
  return formatApiKeyText({ ...parts, secret: String(turn).padStart(43, '0') })
}
/** Every story has a network of its own, so that the guesses of one stop no other. */
let networks = 0
const aNetwork = () => `203.0.113.${++networks}`

inEveryTopology((name) => {
  let house: Topology
  let ada: SignedIn
  let admin: SignedIn
  beforeAll(async () => {
    house = await startTopology(name, { settings })
    admin = await anAdministrator(house)
    ada = await signedIn(house.gateways[0])
  })
  afterAll(() => house?.stop())

  const by = async (person: SignedIn, query: string, variables: object) => {
    const answer = await ask(house.gateways[0], bearer(person.accessToken), query, variables)
    if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors))
    return answer.data
  }
  const made = async (input: object = {}, owner = ada) => {
    const { createApiKey } = await by(owner, create, { input: { name: 'reader', scopes, ...input } })
    return { id: createApiKey.apiKey.id as string, secret: createApiKey.secret as string }
  }

  /** What the gateway says to a key, in one word and as it is. */
  async function atGateway(secret: string, sent: Credential = {}, gateway = house.gateways[0]) {
    const answer = await ask(gateway, { ...apiKey(secret), ...sent }, me)
    const [error] = answer.errors
    return { answer, status: answer.status, verdict: error ? error.extensions.reason : 'VALID' }
  }

  const seal = createSealer({ issuer: 'billing', privateKey: billing.privateKey, clock })
  /** As a service of another team asks: the subgraph itself, with what it has sealed. */
  async function atService(input: object) {
    const url = house.subgraphUrls['api-keys'] ?? `${house.gateways[0]}/services/api-keys`
    const sealed = { 'latchkey-principal': await seal(aService('billing', ['keys:verify']), 'api-keys') }
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...sealed },
      body: JSON.stringify({ query: verify, variables: { input } }),
    })
    const { data } = (await response.json()) as { data: { verifyApiKey: Record<string, unknown> } }
    return data.verifyApiKey
  }

  describe('each reason to refuse is told alike by the gateway and to a service', () => {
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }'
    const revoke = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }'
    const disable = 'mutation ($id: ID!) { disableApiKey(id: $id) { apiKey { id } } }'
    const suspend = 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { id } } }'

    const cases: Readonly<Record<string, () => Promise<string>>> = {
      CHECKSUM: async () => mistyped((await made()).secret),
      NOT_FOUND: async () => guessOf((await made()).secret, 1),
      DISABLED: async () => {
        const { id, secret } = await made()
        await by(ada, disable, { id })
        return secret
      },
      OWNER_SUSPENDED: async () => {
        const gone = await signedIn(house.gateways[0])
        const { secret } = await made({}, gone)
        await by(admin, suspend, { input: { id: gone.userId, reason: 'a story' } })
        return secret
      },
      REVOKED: async () => {
        const { id, secret } = await made()
        await by(ada, revoke, { input: { id } })
        return secret
      },
      ROTATED: async () => {
        const { id, secret } = await made()
        await by(ada, rotate, { input: { id, overlap: 0 } })
        return secret
      },
      EXPIRED: async () => (await doneBefore((end) => made({ expiresAt: end.toISOString() }))).secret,
      IP_DENIED: async () => (await made({ networks: ['192.0.2.0/24'] })).secret,
      ORIGIN_DENIED: async () => (await made({ origins: [origin] })).secret,
    }
    const forbidden = ['IP_DENIED', 'ORIGIN_DENIED']

    it.each(Object.keys(cases))('%s', async (code) => {
      const secret = (await cases[code]?.()) ?? ''
      const { verdict, status, answer } = await atGateway(secret, from(aNetwork()))
      expect([verdict, status]).toEqual([code, forbidden.includes(code) ? 403 : 401])
      expect(answer.data ?? null).toBeNull()
      expect(await atService({ secret, address: aNetwork() })).toMatchObject({ code })
    })

    it('SCOPE_DENIED and RATE_LIMITED, to a service that says what it needs', async () => {
      const { id, secret } = await made()
      expect(await atService({ secret, scopes: ['keys:write'] })).toMatchObject({
        code: 'SCOPE_DENIED',
        key: { keyId: id },
      })
      expect(await atService({ secret, cost: 1_000 })).toMatchObject({ code: 'RATE_LIMITED' })
      expect(await atService({ secret, scopes })).toEqual({ scopes })
    })
  })

  it('an id that nobody knows and a secret that is wrong read the same, to the byte', async () => {
    const { secret } = await made()
    const unknown = formatApiKeyText({ environment: 'test', keyId: 'Nobody000001', secret: 's'.repeat(43) })
    const texts = await Promise.all(
      [unknown, guessOf(secret, 1)].map(async (text) => {
        const response = await fetch(`${house.gateways[0]}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-api-key': text, ...from(aNetwork()) },
          body: JSON.stringify({ query: me }),
        })
        const { 'x-request-id': _request, date: _date, ...headers } = Object.fromEntries(response.headers)
        const { decisionId: _decision, ...extensions } = JSON.parse(await response.text()).errors[0].extensions
        return { status: response.status, headers, extensions }
      }),
    )
    expect(texts[0]).toEqual(texts[1])
    expect(texts[0]?.status).toBe(401)
  })

  it('a key works from its networks alone, and whatever a client says of itself does not move it there', async () => {
    const { secret } = await made({ networks: ['192.0.2.0/24', '2001:db8::/32'] })
    for (const address of ['192.0.2.7', '2001:db8:7::1', '::ffff:192.0.2.9'])
      expect((await atGateway(secret, from(address))).verdict).toBe('VALID')
    expect((await atGateway(secret, from('198.51.100.1', '192.0.2.7'))).verdict).toBe('IP_DENIED')
    const claimed = { forwarded: 'for=192.0.2.7', 'x-real-ip': '192.0.2.7', 'x-client-ip': '192.0.2.7' }
    expect((await atGateway(secret, { ...from('198.51.100.1'), ...claimed })).verdict).toBe('IP_DENIED')
    expect((await atGateway(secret)).verdict).toBe('IP_DENIED')
  })

  it('a key works for pages of its origins alone', async () => {
    const { secret } = await made({ origins: [origin] })
    expect((await atGateway(secret, { origin })).verdict).toBe('VALID')
    for (const sent of [{}, { origin: `${origin}:8443` }, { origin: 'null' }, { referer: `${origin}/` }])
      expect((await atGateway(secret, sent)).verdict).toBe('ORIGIN_DENIED')
  })

  it('wrong keys of one network are looked at a hundred times over two gateways, and no more; a key that is known there goes on', async () => {
    const [network, elsewhere] = [from(aNetwork()), from(aNetwork())]
    const [known, unknown] = [await made(), await made()]
    expect((await atGateway(known.secret, network)).verdict).toBe('VALID')
    const guesses = await Promise.all(
      Array.from({ length: 200 }, (_, turn) =>
        atGateway(guessOf(known.secret, turn), network, house.gateways[turn % 2]),
      ),
    )
    const told = (code: string) => guesses.filter(({ verdict }) => verdict === code).length
    expect([told('NOT_FOUND'), told('THROTTLED')]).toEqual([100, 100])

    const { answer, status } = await atGateway(unknown.secret, network)
    expect([status, answer.errors[0]?.extensions.code]).toEqual([429, 'RATE_LIMITED'])
    const { retryAfterMs } = answer.errors[0]?.extensions ?? {}
    expect(Number(retryAfterMs)).toBeGreaterThan(300_000)
    expect(Number(answer.headers.get('retry-after'))).toBe(Math.ceil(Number(retryAfterMs) / 1_000))

    for (const gateway of house.gateways)
      expect((await atGateway(known.secret, network, gateway)).verdict).toBe('VALID')
    expect((await atGateway(unknown.secret, elsewhere)).verdict).toBe('VALID')
    expect((await atGateway(mistyped(unknown.secret), network)).verdict).toBe('CHECKSUM')
    const address = network['x-forwarded-for']
    expect(await atService({ secret: unknown.secret, address })).toMatchObject({ code: 'THROTTLED', key: null })
    const person = await ask(house.gateways[0], { ...bearer(ada.accessToken), ...network }, me)
    expect(person.status).toBe(200)
  })

  it('a key of the test deployment never reaches live data, whatever the stores hold', async () => {
    const { id, secret } = await made()
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-live-'))
    const redis = openRedis(house.redis.url, storePatienceMs)
    await redis.connect()
    const config = parseConfig({
      ...{ LATCHKEY_DATA_DIR: dataDir, LATCHKEY_PUBLIC_URL: house.issuer, LATCHKEY_KEY_ENVIRONMENT: 'live' },
    })
    const { databaseUrl, secrets } = house
    const redisPrefix = house.redis.prefix
    const parts = { config, secrets, logger: silentLogger, clock }
    const supergraph = await openServedSupergraph(parts)
    const live = assemble({ ...parts, databaseUrl, redis, redisPrefix, entropy, supergraph })
    try {
      const { url } = await live.gateway.listen({ host: '127.0.0.1', port: 0 })
      const record = `${redisPrefix}api-key:{${id}}`
      const kept = await redis.get(record)
      expect(kept).toContain('"environment":"test"')
      expect((await atGateway(secret)).verdict).toBe('VALID')
      expect((await atGateway(secret, {}, url)).verdict).toBe('NOT_FOUND')
      const text = parseApiKeyText(secret)
      const relabelled = text ? formatApiKeyText({ ...text, environment: 'live' }) : ''
      await redis.set(record, kept?.replace('"environment":"test"', '"environment":"live"') ?? '', 'PX', 60_000)
      for (const text of [secret, relabelled]) expect((await atGateway(text, {}, url)).verdict).toBe('NOT_FOUND')
      await redis.del(record)
      expect((await atGateway(secret, {}, url)).verdict).toBe('NOT_FOUND')
      const asked = await redis.exists(record)
      expect(asked).toBe(0)
    } finally {
      await live.close()
      redis.disconnect()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
