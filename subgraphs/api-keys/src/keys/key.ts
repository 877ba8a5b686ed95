/** A key for a program: what it is made of, when it works, and what a new one may be. */
import { type Clock, dayMs, type Entropy, randomBase62 } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import {
  type ApiKeyText,
  formatApiKeyText,
  type KeyEnvironment,
  keyIdLength,
  secretLength,
} from '@latchkey/principal/api-key-text'
import type { Confinement } from '@latchkey/principal/confinement'
import { badInput, Problem } from '@latchkey/problem'
import { type ManifestInput, readManifest } from '../access/manifest.ts'
import type { OwnerChoice } from '../owners/owner.ts'
import { type ConfinementInput, type ReadingContext, readConfinement } from './confinement.ts'
import { parseLabel } from './label.ts'
import { type Metadata, parseMetadata } from './metadata.ts'

export const nameLimits = { min: 1, max: 80 }
export const descriptionLimits = { min: 0, max: 500 }
const reasonLimits = { min: 0, max: 200 }
const scopesMax = 100
const defaultLifetimeMs = 90 * dayMs
export const lifetimeMaxMs = 365 * dayMs
/** How many live keys one owner may have. */
export const liveKeysMax = 100

export interface ApiKey {
  /** 12 characters of base62: the public middle part of the key's text. */
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly description: string
  /** What programs keep with the key. */
  readonly metadata: Metadata
  readonly lastFour: string
  /** HMAC-SHA-256 of the key's whole text under the keyring's `api-key` version `pepperId`. */
  readonly secretMac: Uint8Array
  readonly pepperId: string
  readonly scopes: readonly Scope[]
  /** What it is confined to besides its scopes. */
  readonly confinement: Confinement
  readonly environment: KeyEnvironment
  /** Grows with every change. */
  readonly version: number
  readonly createdAt: Date
  readonly expiresAt: Date
  /** Since when it is set aside. */
  readonly disabledAt: Date | null
  readonly revokedAt: Date | null
  /** The key that takes its place, once it was rotated. */
  readonly successorId: string | null
}

/** Whether it has the form of a key's id. Anything else is no key, and no concern of the database. */
export const isKeyId = (text: string): boolean => /^[0-9A-Za-z]{12}$/.test(text)

/** Whether its owner was erased: nothing else leaves a key without a name. */
export const isForgotten = ({ name }: Pick<ApiKey, 'name'>): boolean => name === ''

/** Whether it has the form of a user's id, as Users writes them. Anything else owns no keys. */
export const isOwnerId = (text: string): boolean => /^[\w-]{1,64}$/.test(text)

/** A key in a list: without what a presented text is checked with, and without what few ask for. */
export type ListedKey = Omit<
  ApiKey,
  'secretMac' | 'pepperId' | 'confinement' | 'version' | 'description' | 'metadata' | 'successorId'
>

export type KeyStatus = 'ACTIVE' | 'DISABLED' | 'EXPIRED' | 'REVOKED'

/** A key works until the millisecond in which it expires. */
export function statusOf(
  { revokedAt, expiresAt, disabledAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt' | 'disabledAt'>,
  now: Date,
): KeyStatus {
  if (revokedAt) return 'REVOKED'
  if (now.getTime() >= expiresAt.getTime()) return 'EXPIRED'
  return disabledAt ? 'DISABLED' : 'ACTIVE'
}

/** A new key's text: 71 bits of public id, 256 bits of secret. */
function newKeyText(environment: KeyEnvironment, entropy: Entropy): ApiKeyText & { readonly text: string } {
  const key = { environment, keyId: randomBase62(entropy, keyIdLength), secret: randomBase62(entropy, secretLength) }
  return { ...key, text: formatApiKeyText(key) }
}

/** What the caller asks for, as it arrives. */
export interface NewKeyInput extends ConfinementInput, OwnerChoice, Omit<ManifestInput, 'access'> {
  readonly name: string
  readonly description?: string | null
  readonly expiresAt?: unknown
  /** JSON text of an object. */
  readonly metadata?: string | null
}

export interface NewKeyTerms {
  readonly name: string
  readonly description: string
  readonly metadata: Metadata
  readonly scopes: readonly Scope[]
  readonly confinement: Confinement
  readonly expiresAt: Date
}

export interface NewKeyLimits extends ReadingContext {
  /** What the creator is permitted at this moment. */
  readonly permitted: readonly Scope[]
  /** Scopes that exist besides: something in the graph asks for them. */
  readonly known: readonly Scope[]
  readonly now: Date
}

/** Throws BAD_USER_INPUT naming every wrong argument; FORBIDDEN for a scope that its creator does not hold. */
export function parseNewKey(input: NewKeyInput, { permitted, known, now, graph }: NewKeyLimits): NewKeyTerms {
  const name = parseLabel(input.name, nameLimits)
  const description = parseLabel(input.description ?? '', descriptionLimits)
  const metadata = parseMetadata(input.metadata ?? '{}')
  const manifest = readManifest(input, { graph, permitted })
  const scopes = manifest?.scopes ?? [...new Set(input.scopes)]
  const expiresAt = parseExpiry(input.expiresAt, now)
  const { confinement, faults: ofConfinement } = readConfinement(input, {}, { graph, now })
  const faults = {
    ...ofConfinement,
    ...fault('input.name', name.fault),
    ...fault('input.description', description.fault),
    ...fault('input.metadata', typeof metadata === 'string' ? metadata : null),
    ...manifest?.faults,
    ...fault('input.scopes', manifest ? null : faultOfScopes(scopes, [...permitted, ...known])),
    ...fault('input.expiresAt', typeof expiresAt === 'string' ? expiresAt : null),
  }
  if (name.text === null || description.text === null || typeof metadata === 'string' || typeof expiresAt === 'string')
    throw badInput(faults)
  if (Object.keys(faults).length > 0) throw badInput(faults)
  if (manifest?.refusal) throw manifest.refusal
  mustHold(permitted, scopes)
  const terms = { name: name.text, description: description.text, metadata, scopes, expiresAt }
  return { ...terms, confinement: { ...confinement, ...manifest?.part } }
}

/** Throws FORBIDDEN naming the scopes that are not held. */
export function mustHold(permitted: readonly Scope[], scopes: readonly Scope[]): void {
  const beyond = scopes.filter((scope) => !permitted.includes(scope))
  if (beyond.length > 0) throw notYours(beyond)
}

const fault = (path: string, reason: string | null): Record<string, string> =>
  reason === null ? {} : { [path]: reason }

const notYours = (scopes: readonly Scope[]): Problem =>
  new Problem('FORBIDDEN', `scopes ${scopes.join(', ')}`, {
    message: `A key can hold only what you hold yourself, and you do not hold ${scopes.join(', ')}.`,
  })

/** What is wrong with the scopes of a key, or `null`. */
export function faultOfScopes(scopes: readonly string[], known: readonly Scope[]): string | null {
  if (scopes.length === 0) return 'must name at least one scope'
  if (scopes.length > scopesMax) return `must name at most ${scopesMax} scopes`
  const unknown = scopes.find((scope) => !known.includes(scope))
  return unknown === undefined ? null : `names a scope that does not exist: ${unknown.slice(0, 64)}`
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

// Date.parse takes 30 February for 1 March.
export const isMoment = (text: string): boolean => {
  const day = text.slice(0, 10)
  const midnight = Date.parse(`${day}T00:00:00Z`)
  const written = rfc3339.test(text) && !Number.isNaN(Date.parse(text)) && !Number.isNaN(midnight)
  return written && new Date(midnight).toISOString().startsWith(day)
}

/** The moment, or what is wrong with it. */
export function parseExpiry(value: unknown, now: Date): Date | string {
  if (value === undefined || value === null) return new Date(now.getTime() + defaultLifetimeMs)
  if (typeof value !== 'string' || !isMoment(value)) return 'must be a moment such as 2030-01-31T09:30:00.000Z'
  const expiresAt = new Date(value)
  if (expiresAt <= now) return 'must be in the future'
  return expiresAt.getTime() - now.getTime() > lifetimeMaxMs ? 'must be at most 365 days from now' : expiresAt
}

/** Why a key ends, for the record. Throws BAD_USER_INPUT when it is longer than 200 characters or not printable. */
export function parseReason(reason: string | null | undefined): string | null {
  const { text, fault } = parseLabel(reason ?? '', reasonLimits)
  if (fault !== null) throw badInput({ 'input.reason': fault })
  return text === '' ? null : text
}

/** Everything of a key but the secret, which is in its text alone. */
export interface MintedKey {
  readonly key: ApiKey
  readonly text: string
}

export interface MintDependencies {
  readonly environment: KeyEnvironment
  readonly entropy: Entropy
  readonly clock: Clock
  readonly mac: (text: string) => { readonly keyId: string; readonly mac: Uint8Array }
}

export function mintKey(
  ownerId: string,
  terms: NewKeyTerms,
  { environment, entropy, clock, mac }: MintDependencies,
): MintedKey {
  const { keyId, text } = newKeyText(environment, entropy)
  const { keyId: pepperId, mac: secretMac } = mac(text)
  const key: ApiKey = {
    id: keyId,
    ownerId,
    ...terms,
    lastFour: text.slice(-4),
    secretMac,
    pepperId,
    environment,
    version: 1,
    createdAt: clock.now(),
    disabledAt: null,
    revokedAt: null,
    successorId: null,
  }
  return { key, text }
}
