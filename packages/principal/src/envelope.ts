/** The sealed principal: who is asking, carried from one process to another as a short EdDSA JWT (RFC 7519). */
import { createHash, type KeyObject } from 'node:crypto'
import { type Clock, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { type CryptoKey, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import { freezeDeep } from './freeze.ts'
import { intersectScopes, type Principal, type Scope } from './principal.ts'
import { keyIdOf } from './principal-jwks.ts'
import type { KeyFinder } from './remote-keys.ts'

/** The header that carries an envelope; a subgraph trusts no other. */
export const envelopeHeader = 'latchkey-principal'

const type = 'latchkey-principal+jwt'
const lifetimeS = 60
/** A sealed envelope is handed out again while at least this much of its life is left. */
const reuseLeftS = 20
const cachedMax = 10_000

/**
 * What is asked only because other subgraphs need it, and not by whoever asks: coordinates (`User.email`) by the name of the subgraph.
 * Absent: all was asked by the principal.
 */
export type OnBehalf = Readonly<Record<string, readonly string[]>>

/** The envelope for one audience (the name of a subgraph), good for 20 to 60 seconds. */
export type Sealer = (principal: Principal, audience: string, onBehalf?: OnBehalf) => Promise<string>

export interface SealerOptions {
  /** The name of the service that seals. */
  readonly issuer: string
  /** A key, or what tells which one it is now. */
  readonly privateKey: KeyObject | (() => KeyObject)
  readonly clock: Clock
}

interface Cached<Value> {
  readonly value: Value
  readonly untilS: number
}

/** Keeps what is expensive to make, bounded in number, while it is good. */
function createShelf<Value>(clock: Clock) {
  const kept = new Map<string, Cached<Value>>()
  const nowS = () => clock.now().getTime() / secondMs
  return {
    nowS,
    find(key: string): Value | undefined {
      const found = kept.get(key)
      return found && found.untilS > nowS() ? found.value : undefined
    },
    keep(key: string, value: Value, untilS: number): void {
      if (kept.size >= cachedMax) for (const oldest of kept.keys()) if (kept.delete(oldest)) break
      kept.set(key, { value, untilS })
    },
  }
}

// A hash and not the claims themselves: the key's length must not grow with what a principal holds.
const fingerprint = (audience: string, claims: string) =>
  createHash('sha256').update(audience).update('\n').update(claims).digest('base64url')

/** Signs principals. One signature serves every request of the same principal to the same audience. */
export function createSealer({ issuer, privateKey, clock }: SealerOptions): Sealer {
  const shelf = createShelf<Promise<string>>(clock)
  const written = new WeakMap<Principal | OnBehalf, string>()
  const kids = new WeakMap<KeyObject, string>()
  const keyNow = () => (typeof privateKey === 'function' ? privateKey() : privateKey)
  function kidOf(key: KeyObject): string {
    const kid = kids.get(key) ?? keyIdOf(key)
    kids.set(key, kid)
    return kid
  }
  const textOf = (claims: Principal | OnBehalf) => {
    const known = written.get(claims) ?? JSON.stringify(claims)
    written.set(claims, known)
    return known
  }
  const sign = (principal: Principal, audience: string, issuedAtS: number, onBehalf: OnBehalf | undefined) => {
    const key = keyNow()
    return new SignJWT({ principal, ...(onBehalf && { onBehalf }) })
      .setProtectedHeader({ alg: 'EdDSA', typ: type, kid: kidOf(key) })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAtS)
      .setExpirationTime(issuedAtS + lifetimeS)
      .sign(key)
  }
  return (principal, audience, onBehalf) => {
    const claims = onBehalf ? `${textOf(principal)}\n${textOf(onBehalf)}` : textOf(principal)
    // What another key sealed is not handed out again: that key may be on its way out.
    const key = fingerprint(`${audience} ${kidOf(keyNow())}`, claims)
    const known = shelf.find(key)
    if (known) return known
    const nowS = Math.floor(shelf.nowS())
    const sealed = sign(principal, audience, nowS, onBehalf)
    shelf.keep(key, sealed, nowS + lifetimeS - reuseLeftS)
    return sealed
  }
}

export interface Opened {
  readonly principal: Principal
  readonly onBehalf?: OnBehalf
}

/**
 * Who is asking, and what of it for others. Rejects with CREDENTIAL_REJECTED when the envelope is not for us, not from someone we trust, or too old, and with
 * UNAVAILABLE when the keys of whoever sealed it cannot be had.
 */
export type Opener = (envelope: string) => Promise<Opened>

export interface OpenerOptions {
  /** The name of the service that opens. */
  readonly audience: string
  /** The services whose word counts here, by name, with their public key, or with what finds it by the id that an envelope names. */
  readonly trusted: Readonly<Record<string, KeyObject | KeyFinder>>
  /** What a service may hold here, by name; whatever else it says it holds is left out. Absent: nothing. */
  readonly granted?: Readonly<Record<string, readonly Scope[]>>
  readonly clock: Clock
}

/** As the holder of a keyring has them. */
interface KnownKeys<Name extends string> {
  publicKeysOf(service: Name): readonly KeyObject[]
}

/** Trust in services by all the keys that each is known by, whichever it signs with. Throws when there is none of one. */
export function trusting<Name extends string>(known: KnownKeys<Name>, ...names: readonly Name[]) {
  const ids = new WeakMap<KeyObject, string>()
  function isNamed(key: KeyObject, keyId: string): boolean {
    const id = ids.get(key) ?? keyIdOf(key)
    ids.set(key, id)
    return id === keyId
  }
  const finderOf = (name: Name): KeyFinder => {
    known.publicKeysOf(name)
    return async (keyId) => known.publicKeysOf(name).find((key) => isNamed(key, keyId)) ?? null
  }
  return Object.fromEntries(names.map((name) => [name, finderOf(name)]))
}

const kinds: readonly unknown[] = ['anonymous', 'user', 'apiKey', 'service'] satisfies Principal['kind'][]

/** A service speaks for itself; only the gateway, which authenticates them, speaks for people and keys. */
const maySay = (issuer: string, { kind, ...claims }: Principal): boolean =>
  kinds.includes(kind) && (kind === 'service' ? 'name' in claims && claims.name === issuer : issuer === 'gateway')

async function keyFor(envelope: string, known: KeyObject | KeyFinder): Promise<KeyObject | CryptoKey> {
  if (typeof known !== 'function') return known
  const { kid = '' } = decodeProtectedHeader(envelope)
  const found = await known(kid)
  if (!found) throw new Error(`nobody seals with the key ${kid}`)
  return found
}

/** Whoever cannot fetch the keys cannot say that an envelope is bad. */
const rejected = (cause: unknown): Problem =>
  cause instanceof Problem
    ? cause
    : new Problem('CREDENTIAL_REJECTED', `envelope: ${cause instanceof Error ? cause.message : cause}`, {}, { cause })

/** Opens envelopes. An envelope that was good is remembered until it ends, so its signature is checked once. */
export function createOpener({ audience, trusted, granted = {}, clock }: OpenerOptions): Opener {
  const shelf = createShelf<Opened>(clock)
  const issuers = new Map(Object.entries(trusted))
  const grants = new Map(Object.entries(granted))
  // A service seals what it likes of itself, so what it holds is for its audience to say.
  const asGranted = (principal: Principal): Principal =>
    principal.kind === 'service'
      ? { ...principal, scopes: intersectScopes(principal.scopes, grants.get(principal.name) ?? []) }
      : principal
  const verify = async (envelope: string) => {
    const issuer = decodeJwt(envelope).iss ?? ''
    const known = issuers.get(issuer)
    if (!known) throw new Error(`issuer ${issuer} is not trusted`)
    const { payload } = await jwtVerify<Opened>(envelope, await keyFor(envelope, known), {
      algorithms: ['EdDSA'],
      typ: type,
      issuer,
      audience,
      requiredClaims: ['exp', 'iat', 'principal'],
      maxTokenAge: lifetimeS,
      clockTolerance: 2,
      currentDate: clock.now(),
    })
    // The library takes a list that names us among others; an envelope is for one.
    if (payload.aud !== audience) throw new Error('it is for several')
    if (!maySay(issuer, payload.principal)) throw new Error(`${issuer} may not speak for this principal`)
    return payload
  }
  return async (envelope) => {
    const known = shelf.find(envelope)
    if (known) return known
    const payload = await verify(envelope).catch((cause: unknown) => {
      throw rejected(cause)
    })
    const { onBehalf } = payload
    const opened = freezeDeep({ principal: asGranted(payload.principal), ...(onBehalf && { onBehalf }) })
    // However long it says that it is good for.
    shelf.keep(envelope, opened, Math.min(payload.exp ?? 0, (payload.iat ?? 0) + lifetimeS))
    return opened
  }
}
