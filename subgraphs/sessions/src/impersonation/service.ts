/** Impersonation by support staff: begin one, and end it before its time. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import type { Ledger, Occasion } from '../ledger/ledger.ts'
import type { KnownGrants } from '../sessions/known-grants.ts'
import type { Sessions } from '../sessions/service.ts'
import type { SessionStore } from '../sessions/store.ts'
import type { Tokens } from '../tokens/service.ts'
import type { Asking } from '../users-question.ts'
import { beginImpersonation, type ImpersonateInput, parseImpersonation } from './impersonation.ts'
import type { NoteImpersonation } from './note-impersonation.ts'

interface ImpersonationDependencies {
  readonly store: Pick<SessionStore, 'add' | 'byId'>
  readonly sessions: Pick<Sessions, 'current' | 'end'>
  readonly tokens: Pick<Tokens, 'issueAccess'>
  readonly knownGrants: KnownGrants
  readonly ledger: Pick<Ledger, 'began'>
  readonly noteImpersonation: NoteImpersonation
  readonly clock: Clock
  readonly entropy: Entropy
}

/** What a staff member holds who acts for somebody. There is nothing to refresh it with. */
export interface Impersonation {
  readonly accessToken: string
  readonly expiresAt: Date
  readonly session: SessionRecord
}

export interface Impersonations {
  /**
   * A session of the person's account for thirty minutes at most. NOT_FOUND for an account that is unknown or cannot act;
   * FORBIDDEN for oneself, for whoever administers, and for more than the staff member may; BAD_USER_INPUT without a reason.
   */
  begin(input: ImpersonateInput, staff: UserPrincipal, asking: Asking): Promise<Impersonation>
  /** Ends one of the staff member's own. NOT_FOUND for any other session, and for one that has ended. */
  end(sessionId: string, staff: UserPrincipal, occasion: Occasion): Promise<{ readonly sessionId: string }>
}

export function createImpersonations(dependencies: ImpersonationDependencies): Impersonations {
  const { store, sessions, tokens, knownGrants, ledger, noteImpersonation, clock, entropy } = dependencies

  /** The account's session epoch. */
  async function admitted(userId: string, staffId: string, write: boolean, asking: Asking): Promise<number> {
    const noted = await noteImpersonation({ userId, staffId, write }, asking)
    if (noted.outcome === 'noted') return noted.sessionEpoch
    if (noted.outcome === 'unknown') throw new Problem('NOT_FOUND', `account ${userId}`)
    throw new Problem('FORBIDDEN', `${userId} administers`, { message: 'Whoever administers is nobody to act for.' })
  }

  return {
    async begin(input, staff, asking) {
      const { userId, reason, write } = parseImpersonation(input, staff)
      const own = await sessions.current(staff)
      if (!own) throw new Problem('FORBIDDEN', 'the session has just ended')
      const grants = await knownGrants(staff.userId, asking.requestId)
      if (!grants) throw new Problem('FORBIDDEN', 'the account is no more')
      const epoch = await admitted(userId, staff.userId, write, asking)
      const terms = { staff: own, staffEpoch: grants.epoch, epoch, clock, entropy }
      const session = beginImpersonation({ userId, write }, terms)
      const actor = { kind: 'user', id: staff.userId, onBehalfOf: userId } as const
      const occasion = { actor, requestId: asking.requestId }
      await ledger.began(session, { id: newId(entropy, 'aud'), at: clock.now(), occasion, reason })
      // However many sessions the person has, none of theirs ends for this one.
      await store.add(session)
      return { ...(await tokens.issueAccess(session)), session }
    },
    async end(sessionId, { userId: staffId }, occasion) {
      const session = await store.byId(sessionId)
      if (session?.act?.sub !== staffId) throw new Problem('NOT_FOUND', `impersonation ${sessionId}`)
      const actor = { kind: 'user', id: staffId, onBehalfOf: session.userId } as const
      const ending = await sessions.end(session, 'signed-out', { ...occasion, actor })
      if (ending === 'ended before') throw new Problem('NOT_FOUND', `impersonation ${sessionId} has just ended`)
      return { sessionId }
    },
  }
}
