import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemEntropy as entropy, minuteMs, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Installation, install, issuer, resultOf, signedIn, signIn } from '../application.fixture.ts'
import { jwksRoute } from './jwks-route.ts'
import { createSigningKeys } from './service.ts'
import { newSigningKey } from './signing-key.ts'
import { prismaSigningKeyStore } from './store.prisma.ts'

let house: Installation
beforeEach(async () => {
  house = await install('memory')
})
afterEach(() => {
  vi.restoreAllMocks()
  return house.stop()
})

const allKeys = { name: 'test_keys', text: 'SELECT kid, state, sealed_private_key FROM sessions.signing_keys' }

const openKeys = (keyring = house.keyring) => {
  const store = prismaSigningKeyStore(house.database)
  const reads = vi.spyOn(store, 'published')
  return { ...createSigningKeys({ store, keyring, clock: house.clock, entropy }), reads }
}

/** As the rotation will do it: a row of its own state. */
async function addKey(state: 'next' | 'retiring' | 'retired'): Promise<string> {
  const { kid, publicJwk, sealedPrivateKey } = newSigningKey(house.keyring, entropy)
  await house.database.query(
    {
      name: 'test_add_key',
      text: `INSERT INTO sessions.signing_keys (kid, state, slot, public_jwk, sealed_private_key, created_at)
        VALUES ($1, $2, $3, $4, $5, now())`,
    },
    [kid, state, state === 'next' ? 'next' : null, publicJwk, sealedPrivateKey],
  )
  return kid
}

describe('signing keys', () => {
  it('are one and the same for processes that start together for the first time', async () => {
    const processes = Array.from({ length: 8 }, () => openKeys())
    await Promise.all(processes.map((keys) => keys.ensureFirst()))
    const kids = await Promise.all(processes.map(async (keys) => (await keys.signer()).kid))
    expect(new Set(kids).size).toBe(1)
    expect(await house.database.query(allKeys, [])).toMatchObject([{ kid: kids[0], state: 'active' }])
  })

  it('prove the tokens of a sign-in, by the key that the token names', async () => {
    const here = await house.startProcess()
    const { accessToken } = await signedIn(here)
    const key = await here.verificationKey(decodeProtectedHeader(accessToken).kid ?? '')
    if (!key) throw new Error('the token names no key of ours')
    const { payload } = await jwtVerify(accessToken, key, { issuer, currentDate: house.clock.now() })
    expect(payload.sub).toBe('usr_ada')
  })

  it('are published while they are next, active or retiring, and not once retired', async () => {
    const keys = openKeys()
    await keys.ensureFirst()
    const { kid: active } = await keys.signer()
    const [next, retiring] = [await addKey('next'), await addKey('retiring'), await addKey('retired')]
    house.clock.advance(minuteMs)
    const { keys: published } = await keys.jwks()
    expect(published.map(({ kid }) => kid).sort()).toEqual([active, next, retiring].sort())
    expect(JSON.stringify(published)).not.toContain('"d"')
  })

  it('are read again for a name that is not known, though not for each', async () => {
    const keys = openKeys()
    await keys.ensureFirst()
    const added = await addKey('next')
    house.clock.advance(5 * secondMs)
    expect(await keys.verificationKey(added)).not.toBeNull()
    const before = keys.reads.mock.calls.length
    for (let turn = 0; turn < 100; turn++) expect(await keys.verificationKey(`sig_${turn}`)).toBeNull()
    expect(keys.reads.mock.calls.length).toBe(before)
  })

  it('are read once for many who ask at once', async () => {
    const keys = openKeys()
    await keys.ensureFirst()
    house.clock.advance(minuteMs)
    const before = keys.reads.mock.calls.length
    await Promise.all(Array.from({ length: 50 }, () => keys.signer()))
    expect(keys.reads.mock.calls.length).toBe(before + 1)
  })

  it('go on to be known while Postgres is away, and are UNAVAILABLE to who never knew them', async () => {
    const [keys, newcomer] = [openKeys(), openKeys()]
    await keys.ensureFirst()
    house.clock.advance(minuteMs)
    for (const { reads } of [keys, newcomer]) reads.mockRejectedValue(new Problem('UNAVAILABLE'))
    expect((await keys.jwks()).keys).toHaveLength(1)
    await expect(newcomer.jwks()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('are UNAVAILABLE before the first was made', async () => {
    await expect(openKeys().signer()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('sign nobody in when the keyring does not open them', async () => {
    await openKeys().ensureFirst()
    const stranger = createKeyring(newKeyringMaterial(entropy), entropy)
    const { errors } = await signIn(await house.startProcess({ keyring: stranger }))
    expect(errors?.[0]?.extensions?.code).toBe('INTERNAL')
    expect(resultOf(await signIn(await house.startProcess()))).toMatchObject({ __typename: 'SignedIn' })
  })

  it('are kept sealed', async () => {
    await openKeys().ensureFirst()
    const [row] = await house.database.query<{ sealed_private_key: string }>(allKeys, [])
    const [newest] = house.keyring.keyIds('signing-key')
    expect(row?.sealed_private_key.startsWith(`${newest}.`)).toBe(true)
  })
})

describe('/.well-known/jwks.json', () => {
  async function served(jwks: () => Promise<{ keys: [] }>) {
    const server = createServer(jwksRoute({ jwks }, silentLogger))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ask = (method: string) => fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`, { method })
    return { ask, close: () => server.close() }
  }

  it('gives the keys, to be kept for ten minutes', async () => {
    const { ask, close } = await served(async () => ({ keys: [] }))
    const response = await ask('GET')
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=600'])
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ keys: [] })
    expect((await ask('HEAD')).status).toBe(200)
    close()
  })

  it('answers nothing but reading', async () => {
    const { ask, close } = await served(async () => ({ keys: [] }))
    expect((await ask('POST')).status).toBe(405)
    close()
  })

  it('says so when the keys cannot be read', async () => {
    const { ask, close } = await served(() => Promise.reject(new Problem('UNAVAILABLE')))
    const response = await ask('GET')
    expect([response.status, await response.text()]).toEqual([503, ''])
    close()
  })
})
