import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { secondMs, systemClock } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createSealer } from '@latchkey/principal/envelope'
import { principalJwksOf } from '@latchkey/principal/principal-jwks'
import { aUser } from '@latchkey/principal/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createFakeGateway, type FakeGateway } from './fake-gateway.ts'
import { createPrincipalVerifier } from './verifier.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const aGateway = async (): Promise<FakeGateway> => {
  const gateway = await createFakeGateway({ subgraph: 'orders' })
  closing.push(gateway.close)
  return gateway
}

const rejected = { code: 'CREDENTIAL_REJECTED' }

describe('a verifier', () => {
  it('gives the principal, by the gateway’s keys or by its one key, from headers of either kind', async () => {
    const gateway = await aGateway()
    const ada = aUser({ scopes: ['orders:read'] })
    const headers = await gateway.headersFor(ada)
    for (const trust of [{ jwksUrl: gateway.jwksUrl }, { publicKey: gateway.publicKey }]) {
      const verify = createPrincipalVerifier({ audience: 'orders', trust })
      expect(await verify(headers)).toEqual(ada)
      expect(await verify(new Headers(headers))).toEqual(ada)
    }
  })

  it('refuses a request without an envelope, one for another subgraph, and one that is too long to be one', async () => {
    const gateway = await aGateway()
    const verify = createPrincipalVerifier({ audience: 'billing', trust: { jwksUrl: gateway.jwksUrl } })
    await expect(verify({})).rejects.toMatchObject(rejected)
    await expect(verify(new Headers())).rejects.toMatchObject(rejected)
    await expect(verify({ 'latchkey-principal': ['a', 'b'] })).rejects.toMatchObject(rejected)
    await expect(verify(await gateway.headersFor(aUser()))).rejects.toMatchObject(rejected)
    await expect(verify({ 'latchkey-principal': 'a'.repeat(16_385) })).rejects.toMatchObject(rejected)
  })

  it('lets nobody in while the keys cannot be had, and says that it is not the caller', async () => {
    const gateway = await aGateway()
    const headers = await gateway.headersFor(aUser())
    const verify = createPrincipalVerifier({ audience: 'orders', trust: { jwksUrl: 'http://127.0.0.1:9/jwks.json' } })
    await expect(verify(headers)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('finds a key that the gateway took up later, asks once for many that nobody has, and lets an old one go', async () => {
    const clock = clockAt(systemClock.now().toISOString())
    const [first, second, strange] = [1, 2, 3].map(() => generateKeyPairSync('ed25519').privateKey)
    if (!first || !second || !strange) throw new Error('three keys')
    let shown = [first]
    let fetched = 0
    const server = createServer((_request, response) => {
      fetched += 1
      response.end(JSON.stringify(principalJwksOf(shown)))
    }).listen(0, '127.0.0.1')
    closing.push(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
    const verify = createPrincipalVerifier({ audience: 'orders', trust: { jwksUrl }, clock })
    const by = async (privateKey: typeof first) => {
      const seal = createSealer({ issuer: 'gateway', privateKey, clock })
      return { 'latchkey-principal': await seal(aUser(), 'orders') }
    }
    await verify(await by(first))
    shown = [first, second]
    clock.advance(30 * secondMs)
    expect(await verify(await by(second))).toEqual(aUser())
    const forged = await by(strange)
    for (let time = 0; time < 50; time++) await expect(verify(forged)).rejects.toMatchObject(rejected)
    expect(fetched).toBe(2)
    shown = [second]
    clock.advance(60 * secondMs)
    await expect(verify(await by(first))).rejects.toMatchObject(rejected)
    expect(await verify(await by(second))).toEqual(aUser())
  })

  it('does not begin with a key that is none', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    const publicKey = rsa.export({ format: 'der', type: 'spki' }).toString('base64')
    expect(() => createPrincipalVerifier({ audience: 'orders', trust: { publicKey } })).toThrow('Ed25519')
    expect(() => createPrincipalVerifier({ audience: 'orders', trust: { publicKey: 'none' } })).toThrow()
  })
})
