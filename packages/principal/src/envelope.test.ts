import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { clockAt } from '@latchkey/clock/testing'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createOpener, createSealer, type OpenerOptions } from './envelope.ts'
import { anonymous } from './principal.ts'
import { anApiKey, aService, aUser } from './testing.ts'

const gateway = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ed25519')

/** Gives the principal alone. */
const openerOf = (options: OpenerOptions) => {
  const open = createOpener(options)
  return async (envelope: string) => (await open(envelope)).principal
}

function processesAt(iso: string) {
  const clock = clockAt(iso)
  const seal = createSealer({ issuer: 'gateway', privateKey: gateway.privateKey, clock })
  const opener = (audience: string) => openerOf({ audience, trusted: { gateway: gateway.publicKey }, clock })
  return { clock, seal, opener, open: opener('users') }
}

const rejected = { code: 'CREDENTIAL_REJECTED' }
const start = '2030-01-01T00:00:00Z'

describe('an envelope', () => {
  it('carries a principal unchanged to its audience', async () => {
    const { seal, open } = processesAt(start)
    expect(await open(await seal(aUser(), 'users'))).toEqual(aUser())
    expect(await open(await seal(anonymous, 'users'))).toEqual(anonymous)
  })

  it('arrives frozen to its depth', async () => {
    const { seal, open } = processesAt(start)
    const principal = await open(await seal(aUser(), 'users'))
    expect(Object.isFrozen(principal) && principal.kind === 'user' && Object.isFrozen(principal.scopes)).toBe(true)
  })

  it('is worth nothing to another audience', async () => {
    const { seal, opener } = processesAt(start)
    await expect(opener('sessions')(await seal(aUser(), 'users'))).rejects.toMatchObject(rejected)
  })

  it('ends after a minute, though it was opened before', async () => {
    const { seal, open, clock } = processesAt(start)
    const envelope = await seal(aUser(), 'users')
    await open(envelope)
    clock.advance(63_000)
    await expect(open(envelope)).rejects.toMatchObject(rejected)
  })

  it('is sealed once for equal claims, and anew for any other', async () => {
    const { seal } = processesAt(start)
    const envelope = await seal(aUser(), 'users')
    expect(await seal(aUser(), 'users')).toBe(envelope)
    expect(await seal(aUser({ scopes: ['users:read'] }), 'users')).not.toBe(envelope)
    expect(await seal(aUser(), 'sessions')).not.toBe(envelope)
  })

  it('is always good for at least 20 seconds when it is handed out', async () => {
    const { seal, open, clock } = processesAt(start)
    await seal(aUser(), 'users')
    clock.advance(39_000)
    const envelope = await seal(aUser(), 'users')
    clock.advance(20_000)
    expect(await open(envelope)).toEqual(aUser())
  })
})

describe('what is asked for other subgraphs', () => {
  const onBehalf = { orders: ['User.email'] }

  it('travels sealed beside the principal', async () => {
    const { seal, clock } = processesAt(start)
    const open = createOpener({ audience: 'users', trusted: { gateway: gateway.publicKey }, clock })
    expect(await open(await seal(aUser(), 'users', onBehalf))).toEqual({ principal: aUser(), onBehalf })
    expect(await open(await seal(aUser(), 'users'))).toEqual({ principal: aUser() })
  })

  it('is sealed once for a principal and a node of a plan, and never taken for what the principal asks', async () => {
    const { seal } = processesAt(start)
    const envelope = await seal(aUser(), 'users', onBehalf)
    expect(await seal(aUser(), 'users', { orders: ['User.email'] })).toBe(envelope)
    expect(await seal(aUser(), 'users')).not.toBe(envelope)
    expect(await seal(aUser(), 'users', { orders: ['User.name'] })).not.toBe(envelope)
    expect(await seal(aUser(), 'users', { letters: ['User.email'] })).not.toBe(envelope)
  })

  it('costs no byte where there is nothing of it, and about its own length where there is', async () => {
    const { seal } = processesAt(start)
    const plain = (await seal(aUser(), 'users')).length
    expect((await seal(aUser(), 'users', undefined)).length).toBe(plain)
    const written = JSON.stringify({ onBehalf }).length
    expect((await seal(aUser(), 'users', onBehalf)).length - plain).toBeLessThan((written * 4) / 3 + 3)
  })
})

describe('a trusted service', () => {
  const clock = clockAt(start)
  const trusted = { gateway: gateway.publicKey, sessions: stranger.publicKey }
  const open = openerOf({ audience: 'users', trusted, clock })
  const sealAs = (issuer: string, { privateKey }: typeof gateway) => createSealer({ issuer, privateKey, clock })

  it('speaks for itself, and for no other service and no person', async () => {
    const seal = sealAs('sessions', stranger)
    expect(await open(await seal(aService('sessions'), 'users'))).toEqual(aService('sessions'))
    for (const claimed of [aService('gateway'), aUser(), anApiKey(), anonymous])
      await expect(open(await seal(claimed, 'users'))).rejects.toMatchObject(rejected)
  })

  it('holds what it says it holds only as far as it was granted that here', async () => {
    const claimed = aService('sessions', ['keys:verify', 'users:write'])
    const envelope = await sealAs('sessions', stranger)(claimed, 'users')
    expect(await open(envelope)).toEqual(aService('sessions'))
    const granted = { sessions: ['keys:verify', 'keys:admin'], gateway: ['users:write'] }
    const generous = openerOf({ audience: 'users', trusted, granted, clock })
    expect(await generous(envelope)).toEqual(aService('sessions', ['keys:verify']))
    expect(await generous(await sealAs('sessions', stranger)(aService('sessions'), 'users'))).toEqual(
      aService('sessions'),
    )
  })

  it('that is the gateway speaks for people, but not for another service', async () => {
    const seal = sealAs('gateway', gateway)
    expect(await open(await seal(anApiKey(), 'users'))).toEqual(anApiKey())
    await expect(open(await seal(aService('sessions'), 'users'))).rejects.toMatchObject(rejected)
  })
})

describe('a forged envelope is rejected:', () => {
  const forge = (key: KeyObject | Uint8Array, header: Record<string, string> = {}, claims: object = {}) =>
    new SignJWT({ iss: 'gateway', principal: aUser(), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'latchkey-principal+jwt', ...header })
      .setAudience('users')
      .setIssuedAt(new Date(start))
      .setExpirationTime(new Date(Date.parse(start) + 60_000))
      .sign(key)
  const publicPem = gateway.publicKey.export({ format: 'pem', type: 'spki' })

  it.each([
    ['signed by a stranger', () => forge(stranger.privateKey)],
    ['from an issuer nobody trusts', () => forge(gateway.privateKey, {}, { iss: 'billing' })],
    ['of another type', () => forge(gateway.privateKey, { typ: 'at+jwt' })],
    ['MACed with the public key', () => forge(Buffer.from(publicPem), { alg: 'HS256' })],
    [
      'without a signature',
      async () => {
        const [, claims] = (await forge(gateway.privateKey)).split('.')
        return `${Buffer.from('{"alg":"none","typ":"latchkey-principal+jwt"}').toString('base64url')}.${claims}.`
      },
    ],
    [
      'with another principal inside',
      async () => {
        const [header, claims = '', signature] = (await forge(gateway.privateKey)).split('.')
        const changed = Buffer.from(claims, 'base64url').toString().replace('usr_ada', 'usr_eve')
        return `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`
      },
    ],
    ['that is no token at all', async () => createHmac('sha256', 'x').update('x').digest('hex')],
    ['that is empty', async () => ''],
  ])('%s', async (_, forged) => {
    const { seal, open } = processesAt(start)
    await expect(open(await forged())).rejects.toMatchObject(rejected)
    expect(await open(await seal(aUser(), 'users'))).toEqual(aUser())
  })
})
