/** Sessions: start, list and end signed-in devices. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import {
  type CredentialRecords,
  isEndedByAccount,
  type RaisedAssurance,
  type SessionRecord,
} from '@latchkey/principal/credential-records'
import { mayGoOn } from '@latchkey/principal/impersonation'
import { Problem } from '@latchkey/problem'
import type { EndedSession, EndReason, Ledger, Occasion } from '../ledger/ledger.ts'
import { beginSession, isLive, isWithinReach, type Proof, type SessionTerms } from './session.ts'
import type { SessionStore } from './store.ts'

interface SessionDependencies {
  readonly store: SessionStore
  readonly records: Pick<CredentialRecords, 'grants' | 'session'>
  readonly ledger: Ledger
  readonly clock: Clock
  readonly entropy: Entropy
  readonly terms: SessionTerms
}

export interface Sessions {
  /** Begins a session of a person who proved who they are. One too many ends their oldest. */
  begin(proof: Proof, occasion: Occasion & { userAgent?: string | undefined }): Promise<SessionRecord>
  /**
   * Notes that its person has just proved that a session is theirs, and by what. Answers it as it is now, with the number of its
   * next refresh token; null when it has ended.
   */
  prove(
    session: SessionRecord,
    proof: { readonly by: string; readonly raised: RaisedAssurance | null },
    occasion: Occasion,
  ): Promise<{ readonly session: SessionRecord; readonly counter: number } | null>
  /** The session the caller is using; null for an API key, and when it has just ended. */
  current(principal: Principal): Promise<SessionRecord | null>
  /** A live session within the caller's reach. NOT_FOUND when it is not there, has ended, or is somebody else's. */
  visible(sessionId: string, principal: Principal): Promise<SessionRecord>
  /** The live sessions of a user, newest first. */
  ofUser(userId: string): Promise<readonly SessionRecord[]>
  /** Ends a session within reach. NOT_FOUND when it is not there, has ended, or is somebody else's. */
  revoke(sessionId: string, principal: Principal, occasion: Occasion): Promise<{ sessionId: string }>
  /** Ends every live session of a user within reach, but the one to keep. NOT_FOUND for somebody else's account. */
  revokeAll(
    of: { readonly userId: string; readonly keep?: string },
    principal: Principal,
    occasion: Occasion,
  ): Promise<{ sessionIds: readonly string[] }>
  /** Ends the session the request is made with. To have ended already is as good. FORBIDDEN without one. */
  signOut(principal: Principal, occasion: Occasion): Promise<{ sessionId: string }>
  /** Ends a session for a reason of our own. */
  end(session: EndedSession, reason: EndReason, occasion: Occasion): Promise<'ended' | 'not there'>
}

export function createSessions({ store, records, ledger, clock, entropy, terms }: SessionDependencies): Sessions {
  const nowMs = () => clock.now().getTime()
  const entry = (occasion: Occasion) => ({ id: newId(entropy, 'aud'), at: clock.now(), occasion })
  const liveById = async (sessionId: string) => (await living([await store.byId(sessionId)]))[0] ?? null

  /** What ends an impersonation ends it in lists too, though nobody has put an end to its record. */
  async function goesOn({ act }: SessionRecord): Promise<boolean> {
    if (!act) return true
    const { session, grants } = await records.session(act.sid, act.sub)
    return session !== null && (grants === null || mayGoOn(act, { session, grants }, nowMs()))
  }

  async function living(sessions: readonly (SessionRecord | null)[]): Promise<readonly SessionRecord[]> {
    const live = sessions.filter((session) => session !== null).filter((session) => isLive(session, nowMs(), terms))
    const going = await Promise.all(live.map(goesOn))
    return live.filter((_, at) => going[at])
  }

  async function visible(sessionId: string, principal: Principal): Promise<SessionRecord> {
    const session = await liveById(sessionId)
    if (!session || !isWithinReach(principal, session.userId)) throw new Problem('NOT_FOUND', `session ${sessionId}`)
    if (isEndedByAccount(session, (await records.grants(session.userId)) ?? {}))
      throw new Problem('NOT_FOUND', `session ${sessionId} was ended by its account`)
    return session
  }

  const ofUser = async (userId: string) => living(await store.ofUser(userId, terms.perUserMax))

  /** The ledger first: should Redis fail now, the ending is known and applied as soon as Redis is back. */
  async function end(session: EndedSession, reason: EndReason, occasion: Occasion) {
    await ledger.ended(session, { ...entry(occasion), reason })
    return store.end(session)
  }

  return {
    async begin(proof, { userAgent, ...occasion }) {
      const session = beginSession(proof, { clock, entropy, terms, userAgent })
      await ledger.began(session, entry(occasion))
      const surplus = await store.add(session, terms)
      await Promise.all(surplus.map((oldest) => end(oldest, 'too-many-sessions', occasion)))
      return session
    },
    async prove(session, { by, raised }, occasion) {
      await ledger.proved(session, { ...entry(occasion), by })
      return store.prove(session.sessionId, { atMs: nowMs(), raised, idleMs: terms.idleMs })
    },
    current: async (principal) => (principal.kind === 'user' ? liveById(principal.sessionId) : null),
    visible,
    ofUser,
    async revoke(sessionId, principal, occasion) {
      const ending = await end(await visible(sessionId, principal), 'revoked', occasion)
      if (ending === 'not there') throw new Problem('NOT_FOUND', `session ${sessionId} has just ended`)
      return { sessionId }
    },
    async revokeAll({ userId, keep }, principal, occasion) {
      if (!isWithinReach(principal, userId)) throw new Problem('NOT_FOUND', `sessions of ${userId}`)
      const sessions = (await ofUser(userId)).filter(({ sessionId }) => sessionId !== keep)
      await Promise.all(sessions.map((session) => end(session, 'revoked', occasion)))
      return { sessionIds: sessions.map(({ sessionId }) => sessionId) }
    },
    async signOut(principal, occasion) {
      if (principal.kind !== 'user') throw new Problem('FORBIDDEN', 'there is no session to sign out of')
      const session = await liveById(principal.sessionId)
      if (session) await end(session, 'signed-out', occasion)
      return { sessionId: principal.sessionId }
    },
    end,
  }
}
