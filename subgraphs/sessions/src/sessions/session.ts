/** A session: one signed-in device, from the sign-in to its end. */
import { type Clock, dayMs, type Entropy, newId } from '@latchkey/clock'
import { type AssuranceLevel, actingUserId, holdsScope, type Principal } from '@latchkey/principal'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { deviceName } from '@latchkey/subgraph/device'
import { coarseNetwork } from '@latchkey/subgraph/network'

/** How long a session lasts (ASVS 7.3.1, 7.3.2). */
export interface Lifetime {
  /** Unused for so long, it ends. */
  readonly idleMs: number
  /** However much it is used, it ends so long after the sign-in. */
  readonly absoluteMs: number
}

/** `remembered`: the person asked to stay signed in on this device. */
export type Lasting = 'usual' | 'remembered'

export const lastingOf = (rememberMe: boolean | null | undefined): Lasting => (rememberMe ? 'remembered' : 'usual')

export type SessionTerms = Readonly<Record<Lasting, Lifetime>>

/** Somebody who is remembered may be away for a month. */
export const sessionTerms: SessionTerms = {
  usual: { idleMs: 7 * dayMs, absoluteMs: 30 * dayMs },
  remembered: { idleMs: 30 * dayMs, absoluteMs: 90 * dayMs },
}

/** How many sessions a person may have at once, and what happens to one more (ASVS 7.1.2). Roles say it, to Users. */
export interface SessionLimit {
  readonly max: number
  /** The oldest ends, or the sign-in is turned away. */
  readonly onExcess: 'END_OLDEST' | 'REFUSE'
}

/** Of whom no role says anything; and nobody has more. */
export const usualLimit: SessionLimit = { max: 100, onExcess: 'END_OLDEST' }

/** What a person proved when signing in. */
export interface Proof {
  readonly userId: string
  readonly amr: readonly string[]
  readonly acr: AssuranceLevel
  /** The account's session epoch at the moment of the proof: what ends its sessions meanwhile ends this one too. */
  readonly epoch: number
  /** `usual` unless said. */
  readonly lasting?: Lasting
  /** The usual one unless said. */
  readonly limit?: SessionLimit | null
}

/** Where a request came from, as far as that is known. */
export interface Place {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

/** A new session of the person who proved who they are just now. */
export function beginSession(
  proof: Proof,
  { clock, entropy, terms, address, userAgent }: { clock: Clock; entropy: Entropy; terms: SessionTerms } & Place,
): SessionRecord {
  const nowMs = clock.now().getTime()
  const { idleMs, absoluteMs } = terms[proof.lasting ?? 'usual']
  const network = coarseNetwork(address)
  return {
    sessionId: newId(entropy, 'ses'),
    userId: proof.userId,
    amr: proof.amr,
    acr: proof.acr,
    authTimeMs: nowMs,
    createdAtMs: nowMs,
    lastSeenAtMs: nowMs,
    endsAtMs: nowMs + absoluteMs,
    idleMs,
    network,
    lastNetwork: network,
    device: deviceName(userAgent),
    epoch: proof.epoch,
  }
}

/** Whose sessions a caller may see and end: their own, and with `sessions:admin` everybody's. */
export const isWithinReach = (principal: Principal, ownerId: string): boolean =>
  actingUserId(principal) === ownerId || holdsScope(principal, 'sessions:admin')
