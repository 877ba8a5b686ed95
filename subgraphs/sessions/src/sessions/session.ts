/** A session: one signed-in device, from the sign-in to its end. */
import { type Clock, dayMs, type Entropy, newId } from '@latchkey/clock'
import { type AssuranceLevel, actingUserId, holdsScope, type Principal } from '@latchkey/principal'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { deviceName } from '@latchkey/subgraph/device'

/** How long a session lasts, and how many a person may have. */
export interface SessionTerms {
  /** Unused for this long, it ends. */
  readonly idleMs: number
  /** However much it is used, it ends this long after the sign-in (ASVS 7.3.2). */
  readonly absoluteMs: number
  /** One more sign-in ends the oldest (ASVS 7.1.2). */
  readonly perUserMax: number
}

export const sessionTerms: SessionTerms = { idleMs: 7 * dayMs, absoluteMs: 30 * dayMs, perUserMax: 100 }

/** What a person proved when signing in. */
export interface Proof {
  readonly userId: string
  readonly amr: readonly string[]
  readonly acr: AssuranceLevel
  /** The account's session epoch at the moment of the proof: what ends its sessions meanwhile ends this one too. */
  readonly epoch: number
}

/** A new session of the person who proved who they are just now. */
export function beginSession(
  proof: Proof,
  {
    clock,
    entropy,
    terms,
    userAgent,
  }: { clock: Clock; entropy: Entropy; terms: SessionTerms; userAgent?: string | undefined },
): SessionRecord {
  const nowMs = clock.now().getTime()
  return {
    sessionId: newId(entropy, 'ses'),
    userId: proof.userId,
    amr: proof.amr,
    acr: proof.acr,
    authTimeMs: nowMs,
    createdAtMs: nowMs,
    lastSeenAtMs: nowMs,
    endsAtMs: nowMs + terms.absoluteMs,
    device: deviceName(userAgent),
    epoch: proof.epoch,
  }
}

/** When it ends if it is not used before. */
export const liveUntilMs = (session: SessionRecord, { idleMs }: Pick<SessionTerms, 'idleMs'>): number =>
  Math.min(session.endsAtMs, session.lastSeenAtMs + idleMs)

/** Whether it has neither been idle for too long nor reached its end. A store may still hold it for a moment after. */
export const isLive = (session: SessionRecord, nowMs: number, terms: Pick<SessionTerms, 'idleMs'>): boolean =>
  nowMs < liveUntilMs(session, terms)

/** Whose sessions a caller may see and end: their own, and with `sessions:admin` everybody's. */
export const isWithinReach = (principal: Principal, ownerId: string): boolean =>
  actingUserId(principal) === ownerId || holdsScope(principal, 'sessions:admin')
