/** An impersonation: a session of somebody's account in the hands of a staff member, and what it takes to begin one. */
import { type Clock, type Entropy, minuteMs, newId } from '@latchkey/clock'
import { holdsScope, type UserPrincipal } from '@latchkey/principal'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { impersonateToWriteScope } from '@latchkey/principal/impersonation'
import { badInput, Problem } from '@latchkey/problem'

/** However much it is used, it ends then. */
export const impersonationMs = 30 * minuteMs

export interface ImpersonateInput {
  readonly userId: string
  readonly reason: string
  readonly write?: boolean | null
}

/** What was asked for, as far as that can be judged without anybody else. */
export interface AskedImpersonation {
  readonly userId: string
  readonly reason: string
  readonly write: boolean
}

const reasonLength = { min: 10, max: 500 }

/**
 * Throws BAD_USER_INPUT for a reason that is none, FORBIDDEN for oneself and for more than the staff member may. (Whether they may
 * at all, the rule and the schema have said.)
 */
export function parseImpersonation(
  { userId, reason, write }: ImpersonateInput,
  staff: UserPrincipal,
): AskedImpersonation {
  const told = reason.trim()
  const { min, max } = reasonLength
  if (told.length < min || told.length > max || /[\p{Cc}\p{Cs}]/u.test(told))
    throw badInput({ 'input.reason': `must be ${min} to ${max} characters, on one line` })
  if (userId === staff.userId)
    throw new Problem('FORBIDDEN', 'oneself', { message: 'This is your own account; you are signed in to it.' })
  if (write === true && !holdsScope(staff, impersonateToWriteScope))
    throw new Problem('FORBIDDEN', `needs ${impersonateToWriteScope}`)
  return { userId, reason: told, write: write === true }
}

interface BeginTerms {
  readonly staff: Pick<SessionRecord, 'userId' | 'sessionId' | 'endsAtMs'>
  /** Of the staff member's grants: any change of them ends it. */
  readonly staffEpoch: number
  /** The session epoch of the account that is acted for. */
  readonly epoch: number
  readonly clock: Clock
  readonly entropy: Entropy
}

/** Nobody has proved to be the person, so it says of no proof; it ends with the staff member's own session at the latest. */
export function beginImpersonation(
  { userId, write }: Pick<AskedImpersonation, 'userId' | 'write'>,
  { staff, staffEpoch, epoch, clock, entropy }: BeginTerms,
): SessionRecord {
  const nowMs = clock.now().getTime()
  return {
    ...{ sessionId: newId(entropy, 'ses'), userId, epoch, amr: [], acr: 'aal1', authTimeMs: 0 },
    ...{ createdAtMs: nowMs, lastSeenAtMs: nowMs, endsAtMs: Math.min(nowMs + impersonationMs, staff.endsAtMs) },
    device: 'Support staff',
    act: { sub: staff.userId, sid: staff.sessionId, write, epoch: staffEpoch },
  }
}
