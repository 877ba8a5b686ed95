/** Changes of a key: what its owner may make of it, and the key that takes its place. Pure. */
import { dayMs, secondMs } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import type { Confinement } from '@latchkey/principal/confinement'
import { badInput, Problem } from '@latchkey/problem'
import { type ConfinementInput, type ReadingContext, readConfinement } from '../keys/confinement.ts'
import {
  type ApiKey,
  descriptionLimits,
  faultOfScopes,
  lifetimeMaxMs,
  mustHold,
  type NewKeyTerms,
  nameLimits,
  parseExpiry,
  statusOf,
} from '../keys/key.ts'
import { parseLabel } from '../keys/label.ts'
import { parseMetadata } from '../keys/metadata.ts'
import { isMadeForOthers } from '../owners/owner.ts'

/** What is left out stays as it is. */
export interface KeyUpdate extends ConfinementInput {
  readonly id: string
  readonly name?: string | null
  readonly description?: string | null
  readonly scopes?: readonly string[] | null
  readonly expiresAt?: string | null
  readonly metadata?: string | null
}

export interface UpdateLimits extends ReadingContext {
  /** What the caller is permitted at this moment. */
  readonly permitted: readonly Scope[]
  /** Scopes that exist besides. */
  readonly known: readonly Scope[]
  readonly now: Date
}

type Changed<Value> = { readonly value: Value; readonly fault: null } | { readonly value: null; readonly fault: string }

const unchanged = <Value>(value: Value): Changed<Value> => ({ value, fault: null })
const judged = <Value>(value: Value | string): Changed<Exclude<Value, string>> =>
  typeof value === 'string' ? { value: null, fault: value } : { value: value as Exclude<Value, string>, fault: null }

/**
 * The key as it becomes. Throws BAD_USER_INPUT naming every wrong argument, FORBIDDEN for a scope that is added and not held,
 * CONFLICT for a key that has ended.
 */
export function updatedKey(key: ApiKey, update: KeyUpdate, { permitted, known, now, graph }: UpdateLimits): ApiKey {
  mustGoOn(key, now)
  const name = parseLabel(update.name ?? key.name, nameLimits)
  const description = parseLabel(update.description ?? key.description, descriptionLimits)
  const scopes = [...new Set(update.scopes ?? key.scopes)]
  const added = scopes.filter((scope) => !key.scopes.includes(scope))
  const expiresAt = update.expiresAt
    ? judged<Date | string>(parseExpiry(update.expiresAt, now))
    : unchanged(key.expiresAt)
  const metadata =
    typeof update.metadata === 'string' ? judged(parseMetadata(update.metadata)) : unchanged(key.metadata)
  const confinement = readConfinement(update, key.confinement, { graph, now })
  const faults = {
    ...confinement.faults,
    'input.name': name.fault,
    'input.description': description.fault,
    'input.scopes': update.scopes ? faultOfScopes(scopes, [...key.scopes, ...permitted, ...known]) : null,
    'input.expiresAt': expiresAt.fault,
    'input.metadata': metadata.fault,
  }
  const wrong = Object.entries(faults).flatMap(([path, fault]) => (fault === null ? [] : [[path, fault]]))
  if (wrong.length > 0 || name.text === null || description.text === null || !expiresAt.value || !metadata.value)
    throw badInput(Object.fromEntries(wrong))
  mustHold(permitted, added)
  return {
    ...key,
    ...{ name: name.text, description: description.text, scopes },
    ...{ expiresAt: expiresAt.value, metadata: metadata.value, confinement: confinement.confinement },
    version: key.version + 1,
  }
}

const overlapDefaultSeconds = 24 * 60 * 60
const overlapMaxSeconds = (30 * dayMs) / secondMs

/** How long the old key goes on beside the new one, in milliseconds. Throws BAD_USER_INPUT outside 0 to 30 days. */
export function parseOverlap(seconds: number | null | undefined): number {
  const overlap = seconds ?? overlapDefaultSeconds
  if (overlap < 0 || overlap > overlapMaxSeconds)
    throw badInput({ 'input.overlap': `must be 0 to ${overlapMaxSeconds} seconds, which is 30 days` })
  return overlap * secondMs
}

/** What the new key is made of: all that the old one was, with as long a life. Throws CONFLICT for one that has ended or was rotated. */
export function successorTerms(key: ApiKey, now: Date): NewKeyTerms {
  mustGoOn(key, now)
  if (key.successorId)
    throw new Problem('CONFLICT', `key ${key.id}`, {
      message: 'This key was rotated already. Rotate the one that took its place, or revoke this one.',
    })
  const { name, description, metadata, scopes } = key
  const lifetimeMs = Math.min(key.expiresAt.getTime() - key.createdAt.getTime(), lifetimeMaxMs)
  const expiresAt = new Date(now.getTime() + lifetimeMs)
  return { name, description, metadata, scopes, confinement: withUsesOf(key), expiresAt }
}

/** Uses are not given again by rotating: both keys spend the same ones. */
function withUsesOf({ id, confinement }: ApiKey): Confinement {
  const { uses } = confinement
  return uses ? { ...confinement, uses: { ...uses, of: uses.of ?? id } } : confinement
}

/** The old key from now on: it ends with the overlap, and never later than it would have. */
export function rotatedKey(key: ApiKey, successorId: string, overlapEndsAt: Date): ApiKey {
  const expiresAt = overlapEndsAt < key.expiresAt ? overlapEndsAt : key.expiresAt
  return { ...key, successorId, expiresAt, version: key.version + 1 }
}

export interface Switching {
  readonly to: 'DISABLED' | 'ENABLED'
  /** Whoever asks for it. */
  readonly by: string | null
  /** The person who set the key aside; `null`: nobody did, or nobody knows who. */
  readonly setAsideBy: string | null
  readonly now: Date
}

/**
 * Set aside, or taken up again; `null` when it stands like that already. Throws CONFLICT for a key that has ended, FORBIDDEN for an
 * administrator who takes up what its owner, or the undoing of a theft, has set aside.
 */
export function switchedKey(key: ApiKey, switching: Switching): ApiKey | null {
  const { to, by, setAsideBy, now } = switching
  mustGoOn(key, now)
  const isAside = key.disabledAt !== null
  if (to === 'ENABLED') {
    if (!isAside) return null
    mustTakeUp(key, switching)
    return { ...key, disabledAt: null, version: key.version + 1 }
  }
  // What an administrator has set aside, and its owner as well, waits for the owner from here on.
  if (isAside && (by !== key.ownerId || setAsideBy === by)) return null
  return { ...key, disabledAt: key.disabledAt ?? now, version: key.version + 1 }
}

function mustTakeUp({ id, ownerId }: ApiKey, { by, setAsideBy }: Switching): void {
  if (by === ownerId || isMadeForOthers(ownerId)) return
  if (setAsideBy !== null && setAsideBy !== ownerId) return
  throw new Problem('FORBIDDEN', `key ${id} was set aside by its owner, or for them`, {
    message: 'Its owner set this key aside, or it was set aside for their sake. Only they take it up again.',
  })
}

function mustGoOn(key: ApiKey, now: Date): void {
  const status = statusOf(key, now)
  if (status === 'REVOKED' || status === 'EXPIRED')
    throw new Problem('CONFLICT', `key ${key.id} is ${status}`, { message: 'This key has ended. Make a new one.' })
}
