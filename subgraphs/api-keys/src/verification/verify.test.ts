/** `verifyApiKey` as another team's service asks it: over HTTP, with a principal that it has sealed itself. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { dayMs, systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createOpener, createSealer } from '@latchkey/principal/envelope'
import { aService, aUser } from '@latchkey/principal/testing'
import { parseTrustedServices } from '@latchkey/principal/trusted-services'
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
        rateLimits { name limit windowMs remaining resetMs }
      }
      ... on ApiKeyRefused { code message retryAfterMs key { keyId ownerId } }
    }
  }`

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
        { name: 'default', limit: 600, windowMs: 60_000, remaining: 99, resetMs: 100 },
        { name: 'owner', limit: 6_000, windowMs: 60_000, remaining: 999, resetMs: 10 },
      ],
    })
  })

  it('is told of a key that the records have lost, and of an owner they never heard of', async () => {
    const bob = aUser({ userId: 'usr_bob' })
    const { id, secret } = await app.create(bob)
    await app.records.forgetApiKey(id)
    const account = { userId: 'usr_bob', epoch: 1, active: true, activeFrom: null, activeUntil: null, roles: [] }
    app.grantsTold.set('usr_bob', {
      ...{ ...account, scopes: ['keys:read'], sessionEpoch: 0, sessionKept: null, keysDoubted: false },
    })
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
