import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hourMs, minuteMs, secondMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { createRemoteKeys, fetchKeysBehind, fetchKeysFrom, type KeyDoor } from './remote-keys.ts'

const publicJwk = (key: KeyObject) => key.export({ format: 'jwk' }) as JWK
const jwk = (kid: string): JWK => ({ ...publicJwk(generateKeyPairSync('ed25519').publicKey), kid })

function remote() {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const published = { keys: [jwk('k1')], down: false }
  let fetches = 0
  const keyOf = createRemoteKeys({
    clock,
    fetchKeys: async () => {
      fetches += 1
      if (published.down) throw new Error('refused')
      return { keys: published.keys }
    },
  })
  return { clock, published, keyOf, fetches: () => fetches }
}

describe('verification keys of another process', () => {
  it('are fetched once a minute, also when many ask at once', async () => {
    const { keyOf, fetches, clock } = remote()
    await Promise.all(Array.from({ length: 50 }, () => keyOf('k1')))
    clock.advance(minuteMs - 1)
    expect(await keyOf('k1')).not.toBeNull()
    expect(fetches()).toBe(1)
    clock.advance(1)
    await keyOf('k1')
    expect(fetches()).toBe(2)
  })

  it('are fetched again for an id they lack, but a thousand made-up ids cost one fetch', async () => {
    const { keyOf, fetches, clock, published } = remote()
    await keyOf('k1')
    clock.advance(30 * secondMs)
    published.keys = [jwk('k1'), jwk('k2')]
    expect(await keyOf('k2')).not.toBeNull()
    for (let id = 0; id < 1_000; id++) expect(await keyOf(`made-up-${id}`)).toBeNull()
    expect(fetches()).toBe(2)
  })

  it('serve on for an hour while they cannot be fetched, and no longer', async () => {
    const { keyOf, clock, published } = remote()
    await keyOf('k1')
    published.down = true
    clock.advance(hourMs - 1)
    expect(await keyOf('k1')).not.toBeNull()
    clock.advance(1)
    await expect(keyOf('k1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('are there again a second after their source is', async () => {
    const { keyOf, clock, published } = remote()
    published.down = true
    await expect(keyOf('k1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    published.down = false
    clock.advance(secondMs)
    expect(await keyOf('k1')).not.toBeNull()
  })

  it('that are not Ed25519 public keys count for nothing', async () => {
    const { keyOf, published } = remote()
    const rsa = publicJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
    const symmetric = { kty: 'oct', k: 'AAAA', kid: 'oct' }
    published.keys = [{ ...rsa, kid: 'rsa' }, symmetric, jwk('k1')]
    expect(await keyOf('rsa')).toBeNull()
    expect(await keyOf('oct')).toBeNull()
    expect(await keyOf('k1')).not.toBeNull()
  })
})

it('asks the next process when one is gone, and those that there are at that moment', async () => {
  const gone = { get: () => Promise.reject(new Error('refused')) }
  const failing = { get: async () => ({ status: 503, body: 'later' }) }
  const asked: string[] = []
  const alive = {
    get: async (path: string) => {
      asked.push(path)
      return { status: 200, body: '{"keys":[]}' }
    },
  }
  const doors: KeyDoor[] = [gone, failing]
  const fetchKeys = fetchKeysBehind(() => doors)
  await expect(fetchKeys()).rejects.toThrow('nobody gave')
  doors.push(alive)
  expect(await fetchKeys()).toEqual({ keys: [] })
  expect(asked).toEqual(['/.well-known/jwks.json'])
})

it('are read from one address', async () => {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/keys' ? 200 : 404).end('{"keys":[]}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await fetchKeysFrom(`${at}/keys`)()).toEqual({ keys: [] })
  await expect(fetchKeysFrom(`${at}/other`)()).rejects.toThrow('answered 404')
  server.close()
})
