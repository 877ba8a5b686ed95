/** `verifyApiKey` as another team's service asks it: over HTTP, with a principal that it has sealed itself. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { dayMs, systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { formatApiKeyText, parseApiKeyText } from '@latchkey/principal/api-key-text'
import { createOpener, createSealer } from '@latchkey/principal/envelope'
import { type KeyRefusal, keyRefusals } from '@latchkey/principal/key-refusal'
import { aService, aUser } from '@latchkey/principal/testing'
import { parseTrustedServices } from '@latchkey/principal/trusted-services'
import type { Prisma } from '@latchkey/prisma'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const ada = aUser({ userId: 'usr_ada' })
const billing = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ed25519')
const spki = billing.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')

const query = /* GraphQL */ `
  mutation Verify($input: VerifyApiKeyInput!) {
    verifyApiKey(input: $input) {
      __typename
      ... on ApiKeyValid {
        keyId ownerId name scopes metadata environment expiresAt resources usesLeft
        rateLimits { name limit windowSeconds burst remaining resetAt }
      }
      ... on ApiKeyRefused { code message retryAfterMs key { keyId ownerId } }
    }
  }`

/** As Users tells of an account that may act. */
const usersAnswer = (userId: string) => ({
  ...{ userId, epoch: 1, active: true, activeFrom: null, activeUntil: null, roles: [], scopes: ['keys:read'] },
  ...{ sessionEpoch: 0, sessionKept: null, keysDoubted: false },
})

let app: RunningApiKeys
const undo: (() => Promise<unknown>)[] = []
let url = ''
beforeAll(async () => {
  app = await runApiKeys()
  const trusted = parseTrustedServices(`billing=${spki}`) ?? {}
  const granted = { billing: ['keys:verify'] }
  const served = await serveSubgraph(app.subgraph, {
    ...{ host: '127.0.0.1', port: 0, ready: async () => true, logger: silentLogger },
    open: createOpener({ audience: 'api-keys', trusted, granted, clock: systemClock }),
  })
  url = `${served.url}/graphql`
  undo.push(served.close)
  app.grantsTold.set('usr_ada', usersAnswer('usr_ada'))
  await app.records.putGrants({ userId: 'usr_ada', epoch: 1, active: true, roles: [], scopes: ['keys:read'] })
})
afterAll(async () => {
  for (const step of undo.reverse()) await step()
  await app.stop()
})

async function askAs(principal: Principal, input: object, privateKey: KeyObject = billing.privateKey) {
  const seal = createSealer({ issuer: 'billing', privateKey, clock: systemClock })
  const ask = httpTransport({ subgraph: 'api-keys', urls: [url], seal: (sealed) => seal(sealed, 'api-keys') })
  const answer = await ask({ query, variables: { input }, principal, requestId: 'req_billing' })
  await ask.close()
  return answer
}

const verify = async (input: object) => {
  const { data, errors } = await askAs(aService('billing', ['keys:verify']), input)
  if (errors) throw new Error(JSON.stringify(errors))
  return data?.verifyApiKey as Record<string, unknown> // what the query asks
}

describe('a service that may ask', () => {
  it('is told what the key is, from the records; what they leave out, from Postgres', async () => {
    const { id, secret } = await app.create(ada, {
      ...{ name: 'till', scopes: ['keys:read', 'profile:read'], metadata: '{"shop":7}', resources: ['shop:7'] },
    })
    expect(await verify({ secret, scopes: ['keys:read'], address: '192.0.2.1' })).toEqual({
      ...{ __typename: 'ApiKeyValid', keyId: id, ownerId: 'usr_ada', name: 'till', metadata: '{"shop":7}' },
      ...{ scopes: ['keys:read'], environment: 'test', resources: ['shop:7'], usesLeft: null },
      expiresAt: '2030-04-01T00:00:00.000Z',
      rateLimits: [
        {
          ...{ name: 'default', limit: 600, windowSeconds: 60, burst: 100, remaining: 99 },
          resetAt: '2030-01-01T00:00:00.100Z',
        },
        {
          ...{ name: 'owner', limit: 6_000, windowSeconds: 60, burst: 1_000, remaining: 999 },
          resetAt: '2030-01-01T00:00:00.010Z',
        },
      ],
    })
  })

  it('is told of a key that the records have lost, and of an owner they never heard of', async () => {
    const bob = aUser({ userId: 'usr_bob' })
    const { id, secret } = await app.create(bob)
    await app.records.forgetApiKey(id)
    app.grantsTold.set('usr_bob', usersAnswer('usr_bob'))
    expect(await verify({ secret })).toMatchObject({ __typename: 'ApiKeyValid', keyId: id, ownerId: 'usr_bob' })
    app.grantsTold.delete('usr_bob')
    expect(await verify({ secret })).toMatchObject({ code: 'OWNER_SUSPENDED', key: { keyId: id } })
  })

  it('is told why a key is refused, what can be done, and nothing of a key whose secret is wrong', async () => {
    const { id, secret } = await app.create(ada, { networks: ['192.0.2.0/24'] })
    expect(await verify({ secret, address: '198.51.100.1' })).toEqual({
      ...{ __typename: 'ApiKeyRefused', code: 'IP_DENIED', message: expect.stringContaining('updateApiKey') },
      ...{ retryAfterMs: null, key: { keyId: id, ownerId: 'usr_ada' } },
    })
    expect(await verify({ secret })).toMatchObject({ code: 'IP_DENIED' })
    expect(await verify({ secret, address: '::ffff:192.0.2.7' })).toMatchObject({ __typename: 'ApiKeyValid' })
    await app.revoke(ada, id)
    expect(await verify({ secret, address: '192.0.2.7' })).toMatchObject({ code: 'REVOKED' })
    const { secret: another } = await app.create(ada)
    const forged = `${secret.slice(0, 21)}${another.slice(21, -6)}`
    expect(await verify({ secret: `${forged}000000` })).toEqual({
      ...{ __typename: 'ApiKeyRefused', code: 'CHECKSUM', message: expect.any(String) },
      ...{ retryAfterMs: null, key: null },
    })
  })

  it('is told of a rotated key that its overlap is over', async () => {
    const { id, secret } = await app.create(ada)
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }'
    await app.ask(ada, rotate, { input: { id, overlap: 60 } })
    expect(await verify({ secret })).toMatchObject({ __typename: 'ApiKeyValid' })
    app.clock.advance(60_000)
    expect(await verify({ secret })).toMatchObject({ code: 'ROTATED', key: { keyId: id } })
  })

  it('is told EXPIRED from the millisecond on', async () => {
    const expiresAt = new Date(app.clock.now().getTime() + dayMs).toISOString()
    const { secret } = await app.create(ada, { expiresAt })
    app.clock.advance(dayMs)
    expect(await verify({ secret })).toMatchObject({ code: 'EXPIRED' })
  })
})

it('a key that services alone ask about has been used all the same, and is not taken for one that nobody needs', async () => {
  const lastUse = (keyId: string) => app.database.prisma.lastUse.findUnique({ where: { keyId } })
  const shown = await app.create(ada)
  const denied = await app.create(ada, { networks: ['192.0.2.0/24'] })
  const unseen = await app.create(ada)
  app.clock.advance(40 * dayMs)
  await Promise.all(Array.from({ length: 20 }, () => verify({ secret: shown.secret })))
  await verify({ secret: denied.secret, address: '198.51.100.1' })
  await verify({ secret: formatApiKeyText({ environment: 'test', keyId: unseen.id, secret: 'w'.repeat(43) }) })
  await expect.poll(() => lastUse(shown.id)).toMatchObject({ at: app.clock.now() })
  await expect.poll(() => lastUse(denied.id)).toMatchObject({ at: app.clock.now() })
  expect(await lastUse(unseen.id)).toBeNull()
  const revokeUnused = 'mutation ($input: RevokeApiKeysInput!) { revokeApiKeys(input: $input) { apiKeys { id } } }'
  const { data } = await app.ask(ada, revokeUnused, { input: { filter: { unusedForDays: 30 }, dryRun: true } })
  const unused = (data as { revokeApiKeys: { apiKeys: { id: string }[] } }).revokeApiKeys.apiKeys.map(({ id }) => id)
  expect(unused).toContain(unseen.id)
  expect(unused).not.toContain(shown.id)
})

it('a key that another system made is told as one of ours, and its wrong texts are charged to their network', async () => {
  const root = aUser({
    userId: 'usr_ada',
    scopes: ['keys:admin', 'keys:read'],
    authTime: app.clock.now().getTime() / 1_000,
  })
  const [text, address] = [`acme_${'f'.repeat(40)}`, '203.0.113.7']
  const hash = { format: 'SHA256', value: createHash('sha256').update(text).digest('hex') }
  const row = { externalId: 'old-till', ownerId: 'usr_ada', name: 'old till', scopes: ['keys:read'], hash }
  const bring = `mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { outcome } }`
  const brought = await app.ask(root, bring, { input: { ndjson: JSON.stringify(row), mode: 'APPLY' } })
  expect(brought).toEqual({ data: { importApiKeys: { outcome: 'WRITTEN' } } })

  const accepted = { __typename: 'ApiKeyValid', ownerId: 'usr_ada', name: 'old till', scopes: ['keys:read'] }
  for (const _ of ['first use', 'second use']) expect(await verify({ secret: text, address })).toMatchObject(accepted)
  for (let turn = 0; turn < 100; turn++)
    expect(await verify({ secret: `${text}${turn}`, address })).toMatchObject({ code: 'NOT_FOUND', key: null })
  expect(await verify({ secret: `${text}y`, address })).toMatchObject({ code: 'THROTTLED', key: null })
  expect(await verify({ secret: text, address: '203.0.113.8' })).toMatchObject(accepted)
})

describe('each code of the list is told to a real request', () => {
  const mistyped = (text: string) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
  const wrong = (text: string, turn = 0) => {
    const parts = parseApiKeyText(text)
    if (!parts) throw new Error('this is no key')
    return formatApiKeyText({ ...parts, secret: String(turn).padStart(43, '0') })
  }
  /** As it stands in Postgres; the records are told by it when they are next asked. */
  const kept = async (change: Prisma.ApiKeyUpdateInput, input: Record<string, unknown> = {}) => {
    const { id, secret } = await app.create(ada, input)
    await app.database.prisma.apiKey.update({ where: { id }, data: change })
    await app.records.forgetApiKey(id)
    return { secret }
  }
  const confined = (confinement: Prisma.InputJsonObject) => kept({ confinement })

  const cases: Readonly<Record<KeyRefusal, () => Promise<object>>> = {
    CHECKSUM: async () => ({ secret: mistyped((await app.create(ada)).secret) }),
    THROTTLED: async () => {
      const [{ secret }, address] = [await app.create(ada), '203.0.113.99']
      for (let turn = 0; turn < 100; turn++) await verify({ secret: wrong(secret, turn), address })
      return { secret, address }
    },
    NOT_FOUND: async () => ({ secret: wrong((await app.create(ada)).secret) }),
    DISABLED: () => kept({ disabledAt: app.clock.now() }),
    OWNER_SUSPENDED: async () => {
      const eve = aUser({ userId: 'usr_eve' })
      await app.records.putGrants({ userId: 'usr_eve', epoch: 1, active: false, roles: [], scopes: [] })
      return { secret: (await app.create(eve)).secret }
    },
    REVOKED: () => kept({ revokedAt: app.clock.now() }),
    ROTATED: () => kept({ expiresAt: app.clock.now(), successorId: 'Key000000002' }),
    EXPIRED: () => kept({ expiresAt: app.clock.now() }),
    IP_DENIED: async () => ({
      secret: (await app.create(ada, { networks: ['192.0.2.0/24'] })).secret,
      address: '192.0.3.0',
    }),
    ORIGIN_DENIED: async () => ({
      secret: (await app.create(ada, { origins: ['https://a.example'] })).secret,
      origin: 'null',
    }),
    ACL_DENIED: () => confined({ access: { allow: ['Query.a'], deny: [], accepted: ['Query.a'], denied: [] } }),
    SCOPE_DENIED: async () => ({ secret: (await app.create(ada)).secret, scopes: ['keys:write'] }),
    RATE_LIMITED: () => confined({ rateLimits: [{ name: 'slow', limit: 1, windowSeconds: 60, burst: 0 }] }),
    USAGE_EXCEEDED: () => confined({ uses: { limit: 0, refill: 'NEVER', issue: 1 } }),
  }

  it.each(Object.keys(keyRefusals) as KeyRefusal[])('%s', async (code) => {
    expect(await verify(await cases[code]())).toMatchObject({ code, message: keyRefusals[code].message })
  })
})

describe('nobody else is told anything', () => {
  const refusal = async (principal: Principal) => {
    const { errors } = await askAs(principal, { secret: 'lk_test_x' })
    return errors?.[0]?.extensions?.code
  }

  it('of a service that does not say it wants to, of one that says it is another, and of a person', async () => {
    expect(await refusal(aService('billing'))).toBe('FORBIDDEN')
    for (const claimed of [aService('gateway', ['keys:verify']), aUser({ scopes: ['keys:verify'] })])
      await expect(askAs(claimed, { secret: 'x' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('of one that seals with a key nobody knows', async () => {
    const forged = askAs(aService('billing', ['keys:verify']), { secret: 'x' }, stranger.privateKey)
    await expect(forged).rejects.toMatchObject({ code: 'UNAVAILABLE', detail: expect.stringContaining('401') })
  })

  it('of anything but verdicts: its principal opens no other field', async () => {
    const verifier = aService('billing', ['keys:verify', 'keys:admin', 'keys:read'])
    const { id } = await app.create(ada)
    for (const field of [
      `apiKey(id: "${id}") { id }`,
      `apiKeyRecord(id: "${id}") { secretMac }`,
      'apiKeys { nodes { id } }',
    ]) {
      const { errors } = await app.ask(verifier, `{ ${field} }`)
      expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
    }
  })
})
