/** Sessions: start, list and end signed-in devices. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import {
  type CredentialRecords,
  isEndedByAccount,
  isLive,
  type SessionRecord,
  usualIdleMs,
} from '@latchkey/principal/credential-records'
import { mayGoOn } from '@latchkey/principal/impersonation'
import { Problem } from '@latchkey/problem'
import type { AccountChange, TellEnded } from '../endings/ending.ts'
import type { EndedSession, EndReason, Ledger, Occasion } from '../ledger/ledger.ts'
import type { KnownGrants } from './known-grants.ts'
import { oneAtATime } from './one-at-a-time.ts'
import {
  beginSession,
  isWithinReach,
  type Place,
  type Proof,
  type SessionLimit,
  type SessionTerms,
  usualLimit,
} from './session.ts'
import type { SessionStore, ShownNow } from './store.ts'

interface SessionDependencies {
  readonly store: SessionStore
  readonly records: Pick<CredentialRecords, 'grants' | 'session'>
  readonly knownGrants: KnownGrants
  readonly ledger: Ledger
  readonly tellEnded: TellEnded
  readonly clock: Clock
  readonly entropy: Entropy
  readonly terms: SessionTerms
}

export interface Sessions {
  /**
   * Begins a session of a person who proved who they are. One more than they may have ends their oldest, or is refused: null,
   * and nothing has begun. Those that it is `inPlaceOf` end when it has begun, whoever's they are, and do not count beside it.
   */
  begin(
    proof: Proof,
    occasion: Occasion & Place & { readonly inPlaceOf?: readonly string[] },
  ): Promise<SessionRecord | null>
  /**
   * Notes that its person has just proved that a session is theirs, and by what. Answers it as it is now, with the number of its
   * next refresh token; null when it has ended.
   */
  prove(
    session: SessionRecord,
    proof: { readonly by: string; readonly shown: ShownNow },
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
  /** Forgets those that a change of their account has ended, and tells who wants to know. Answers how many. */
  forgetEnded(userId: string, change: AccountChange): Promise<number>
  /** Ends a session for a reason of our own. Of any number of callers one is told that it is the first. */
  end(session: EndedSession, reason: EndReason, occasion: Occasion): Promise<'first' | 'ended before'>
}

interface Trimming {
  readonly userId: string
  readonly max: number
  readonly occasion: Occasion
}

/** More than anybody has. */
const everyone = 1_000

/** Each time room was made, and others took it. */
const admissionTriesMax = 3

export function createSessions(dependencies: SessionDependencies): Sessions {
  const { store, records, knownGrants, ledger, tellEnded, clock, entropy, terms } = dependencies
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
    const atMs = nowMs()
    const live = sessions.filter((session) => session !== null && isLive(session, atMs)) as readonly SessionRecord[] // none is null
    if (!live.some(({ act }) => act)) return live
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

  const ofUser = async (userId: string) => living(await store.ofUser(userId, usualLimit.max))

  /** The ledger first: should Redis fail now, the ending is known and applied as soon as Redis is back. */
  async function end(session: EndedSession, reason: EndReason, occasion: Occasion) {
    const entered = await ledger.ended(session, { ...entry(occasion), reason })
    const ending = await store.end(session)
    if (entered === 'added' || ending === 'ended') tellEnded(session, { reason, at: clock.now() })
    return { entered, ending }
  }

  /** Keeps it unless there are too many; those that have ended without a word do not count. Answers how many there may be now. */
  async function admit(session: SessionRecord, { max, onExcess }: SessionLimit, requestId: string) {
    if (onExcess === 'END_OLDEST') return store.add(session)
    for (let tries = 0; tries < admissionTriesMax; tries++) {
      const count = await store.add(session, { atMost: max })
      if (count !== 'full') return count
      // Which of them the account has ended, and which it kept.
      await knownGrants(session.userId, requestId)
      if ((await store.sweep(session.userId)) >= max) break
    }
    return 'full'
  }

  /**
   * The room that it took was that of a session that has just ended otherwise, and others may have taken it too: it goes again
   * where they are too many.
   */
  async function isSurplus(session: SessionRecord, max: number, occasion: Occasion): Promise<boolean> {
    if ((await store.sweep(session.userId)) <= max) return false
    await end(session, 'too-many-sessions', occasion)
    return true
  }

  /** Ends the oldest of those that are too many: for many at once who begin, together. */
  const trim = oneAtATime(async (_key, { userId, max, occasion }: Trimming) => {
    const own = (await store.ofUser(userId, everyone)).filter(({ act }) => !act)
    await Promise.all(own.slice(max).map((oldest) => end(oldest, 'too-many-sessions', occasion)))
  })

  return {
    async begin(proof, { address, userAgent, inPlaceOf = [], ...occasion }) {
      const session = beginSession(proof, { clock, entropy, terms, address, userAgent })
      const { max, onExcess } = proof.limit ?? usualLimit
      const replaced = await living(await Promise.all(inPlaceOf.map(store.byId)))
      const theirs = replaced.filter(({ userId, act }) => userId === session.userId && !act)
      const count = await admit(session, { max: max + theirs.length, onExcess }, occasion.requestId)
      if (count === 'full') return null
      // Its tokens are not made yet: a session of which Postgres knows nothing has never begun.
      await ledger.began(session, entry(occasion)).catch(async (failure: unknown) => {
        await store.end(session)
        throw failure
      })
      await Promise.all(replaced.filter((one) => !theirs.includes(one)).map((one) => end(one, 'replaced', occasion)))
      const endings = await Promise.all(theirs.map((one) => end(one, 'replaced', occasion)))
      const isLate = endings.some(({ ending }) => ending === 'not there')
      if (onExcess === 'REFUSE') return isLate && (await isSurplus(session, max, occasion)) ? null : session
      if (count - theirs.length > max || isLate)
        await trim(`${session.userId} ${max}`, { userId: session.userId, max, occasion })
      return session
    },
    async prove(session, { by, shown }, occasion) {
      await ledger.proved(session, { ...entry(occasion), by })
      return store.prove(session.sessionId, { atMs: nowMs(), shown, idleMs: session.idleMs ?? usualIdleMs })
    },
    current: async (principal) => (principal.kind === 'user' ? liveById(principal.sessionId) : null),
    visible,
    ofUser,
    async revoke(sessionId, principal, occasion) {
      const { ending } = await end(await visible(sessionId, principal), 'revoked', occasion)
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
    async forgetEnded(userId, change) {
      const ended = await store.forgetEnded(userId)
      for (const session of ended) tellEnded(session, { reason: change, at: clock.now() })
      return ended.length
    },
    async end(session, reason, occasion) {
      return (await end(session, reason, occasion)).entered === 'added' ? 'first' : 'ended before'
    },
  }
}
