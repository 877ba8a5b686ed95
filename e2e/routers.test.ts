/** Hive Gateway in front of our three subgraphs: what it asks of Latchkey is who its clients are, and it believes nothing else. */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'
import http from '@graphql-mesh/transport-http'
import { systemClock as clock } from '@latchkey/clock'
import { createOpener, createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { aUser } from '@latchkey/principal/testing'
import { testRedis } from '@latchkey/prisma/testing'
import { createExchange } from '@latchkey/routers/exchange'
import { latchkeyForHive } from '@latchkey/routers/hive-gateway'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aKey,
  apiKey,
  ask,
  bearer,
  codesOf,
  from,
  nobody,
  type SignedIn,
  signedIn,
  signInOperation,
} from './support/client.ts'
import { type OwnRedis, startOwnRedis } from './support/own-redis.ts'
import { startTopology, type Topology } from './support/topology.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
const settings = {
  LATCHKEY_ROUTERS: `hive=${spki}`,
  // Hive Gateway, and who the stories say is in front of it.
  LATCHKEY_TRUSTED_PROXIES: '2',
  LATCHKEY_REPLICAS: '1',
}
const audiences = ['users', 'sessions', 'api-keys']
const overAll = '{ me { id email sessions { id current } apiKeys { name } } }'

interface Hive {
  readonly url: string
  /** The subgraphs that were asked, in order. */
  readonly asked: string[]
  close(): Promise<unknown>
}

/** The repository's supergraph, with the subgraphs where they are. */
const supergraphAt = (urls: Readonly<Record<string, string>>): string =>
  Object.entries(urls).reduce(
    (sdl, [name, url]) => sdl.replace(new RegExp(`(name: "${name}", url: )"[^"]*"`), `$1"${url}"`),
    readFileSync(new URL('../supergraph.graphql', import.meta.url), 'utf8'),
  )

async function startHive(house: Topology, gateway = house.gateways[0]): Promise<Hive> {
  const asked: string[] = []
  const exchange = createExchange({ gateway, name: 'hive', privateKey, audiences, timeoutMs: 5_000 })
  const runtime = createGatewayRuntime({
    supergraph: supergraphAt(house.subgraphUrls),
    transports: { http },
    plugins: () => [
      latchkeyForHive(exchange),
      { onSubgraphExecute: ({ subgraphName }: { readonly subgraphName: string }) => void asked.push(subgraphName) },
    ],
    logging: false,
    graphiql: false,
    landingPage: false,
  })
  const server: Server = createServer(runtime)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await runtime[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(!testRedis())('Hive Gateway in front of the subgraphs', () => {
  let redis: OwnRedis
  let house: Topology
  let hive: Hive
  let ada: SignedIn
  beforeAll(async () => {
    redis = await startOwnRedis()
    house = await startTopology('distributed', { settings, redisUrl: redis.url })
    hive = await startHive(house)
    ada = await signedIn(house.gateways[0])
  })
  afterAll(async () => {
    await hive?.close()
    await house?.stop()
    await redis?.stop()
  })
  const throughHive = (credential: Readonly<Record<string, string>>, query: string, variables: object = {}) => {
    hive.asked.splice(0)
    return ask(hive.url, credential, query, variables)
  }

  it('answers one question over three subgraphs as our own gateway does, with a session and with a key', async () => {
    const { secret } = await aKey(house.gateways[0], ada, ['profile:read', 'sessions:read', 'keys:read'])
    for (const credential of [bearer(ada.accessToken), apiKey(secret)]) {
      const answer = await throughHive(credential, overAll)
      expect(answer.errors).toEqual([])
      expect(answer.data).toEqual((await ask(house.gateways[0], credential, overAll)).data)
      expect([...new Set(hive.asked)].sort()).toEqual(['api-keys', 'sessions', 'users'])
      expect(answer.data.me.email).toBe(ada.email)
    }
  })

  it('lets anybody ask what is for anybody, and nobody what is not', async () => {
    const input = { email: ada.email, password: ada.password }
    const entered = await throughHive(nobody, signInOperation, { input })
    expect(entered.errors).toEqual([])
    expect(entered.data.signIn.__typename).toBe('SignedIn')
    const refused = await throughHive(nobody, overAll)
    expect([refused.status, codesOf(refused), hive.asked]).toEqual([401, ['UNAUTHENTICATED'], []])
  })

  it.each([
    ['a token of nobody', bearer('e30.e30.e30')],
    ['a key of nobody', { 'x-api-key': 'lk_test_0', ...from('198.51.100.1') }],
  ])('refuses %s with the status of our own gateway, and asks no subgraph', async (_, credential) => {
    const refused = await throughHive(credential, overAll)
    expect([refused.status, codesOf(refused), hive.asked]).toEqual([401, ['CREDENTIAL_REJECTED'], []])
    expect(refused.headers.get('www-authenticate')).toContain('Bearer')
  })

  it('refuses a session with the request after its end', async () => {
    const short = await signedIn(house.gateways[0], ada)
    expect((await throughHive(bearer(short.accessToken), overAll)).errors).toEqual([])
    await ask(
      house.gateways[0],
      bearer(ada.accessToken),
      `mutation { revokeSession(id: "${short.sessionId}") { __typename } }`,
    )
    const refused = await throughHive(bearer(short.accessToken), overAll)
    expect([refused.status, codesOf(refused), hive.asked]).toEqual([401, ['CREDENTIAL_REJECTED'], []])
  })

  it('refuses a key outside its access list before any subgraph is asked', async () => {
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
    const input = {
      name: 'narrow',
      scopes: ['profile:read', 'sessions:read'],
      access: { allow: ['Query.me', 'User.id'] },
    }
    const { data } = await ask(house.gateways[0], bearer(ada.accessToken), create, { input })
    const key = apiKey(data.createApiKey.secret)
    expect(await throughHive(key, '{ me { id } }')).toMatchObject({ data: { me: { id: ada.userId } }, errors: [] })
    const refused = await throughHive(key, '{ me { id email } }')
    expect([refused.status, codesOf(refused), hive.asked]).toEqual([403, ['FORBIDDEN'], []])
    expect(refused.errors[0]?.extensions.reason).toBe('ACL_DENIED')
    const missing = await throughHive(key, '{ me { apiKeys { name } } }')
    expect([missing.status, hive.asked]).toEqual([403, []])
  })

  it('passes on no envelope that a client brings, forged or good', async () => {
    const forged = await createSealer({ issuer: 'gateway', privateKey, clock })(aUser({ userId: 'usr_root' }), 'users')
    const good = await sealedFor(bearer(ada.accessToken))
    for (const envelope of [forged, good.users]) {
      const smuggled = { [envelopeHeader]: envelope ?? '', 'latchkey-client': 'e30' }
      const asNobody = await throughHive(smuggled, overAll)
      expect([asNobody.status, codesOf(asNobody), hive.asked]).toEqual([401, ['UNAUTHENTICATED'], []])
      const asAda = await throughHive({ ...smuggled, ...bearer(ada.accessToken) }, overAll)
      expect(asAda.data.me.id).toBe(ada.userId)
    }
  })

  /** What a router holds. */
  async function sealedFor(credential: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
    const self = { kind: 'service', name: 'hive', scopes: [] } as const
    const router = await createSealer({ issuer: 'hive', privateKey, clock })(self, 'gateway')
    const response = await fetch(`${house.gateways[0]}/principal`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [envelopeHeader]: router, ...credential },
      body: JSON.stringify({ audiences, query: overAll }),
    })
    return ((await response.json()) as { principals: Record<string, string> }).principals
  }

  it('holds envelopes that each one subgraph takes, and none of the others', async () => {
    const envelopes = await sealedFor(bearer(ada.accessToken))
    const statusOf = async (subgraph: string, envelope = '') => {
      const response = await fetch(house.subgraphUrls[subgraph] ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', [envelopeHeader]: envelope },
        body: JSON.stringify({ query: '{ __typename }' }),
      })
      return response.status
    }
    for (const to of audiences)
      for (const of of audiences)
        expect(await statusOf(to, envelopes[of]), `${of} at ${to}`).toBe(to === of ? 200 : 401)
    const late = { now: () => new Date(Date.now() + 63_000) }
    const open = createOpener({ audience: 'users', trusted: house.secrets.publicKeys('gateway'), clock: late })
    await expect(open(envelopes.users ?? '')).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' })
  })

  it('is the only one that is given envelopes: a client that asks for itself gets none', async () => {
    const asked = await fetch(`${house.gateways[0]}/principal`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(ada.accessToken) },
      body: JSON.stringify({ audiences }),
    })
    expect(asked.status).toBe(403)
    expect(await asked.text()).not.toContain('eyJ')
  })

  it('lets nobody in when Redis is gone, and says that it is for now', async () => {
    await redis.whileGone(async () => {
      const refused = await throughHive(bearer(ada.accessToken), overAll)
      expect([refused.status, codesOf(refused), hive.asked]).toEqual([503, ['UNAVAILABLE'], []])
    })
  })
})
