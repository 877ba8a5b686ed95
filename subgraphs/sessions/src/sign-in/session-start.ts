/** The end of every sign-in, whatever the way: a session, its first pair of tokens, and what the client is known by. */
import type { Devices } from '../devices/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts, MadeAttempt } from '../login-attempts/service.ts'
import type { Sessions } from '../sessions/service.ts'
import { type Proof, usualLimit } from '../sessions/session.ts'
import type { TokenPair, Tokens } from '../tokens/service.ts'
import type { Origin } from './pendings.ts'

export interface StartedSession extends TokenPair {
  /** The device the client is known by; what is kept of it is kept under this id. */
  readonly deviceId: string
  readonly deviceToken: string
}

/** They have proved who they are, and have as many sessions as they may. */
export interface TurnedAway {
  readonly sessionsMax: number
}

/** For somebody who has proved who they are, with everything that is asked of them. What came of it is put on record. */
export type StartSession = (
  proof: Proof,
  origin: Origin,
  occasion: Occasion & { readonly made: Omit<MadeAttempt, 'outcome' | 'userId'> },
) => Promise<StartedSession | TurnedAway>

interface SessionStartDependencies {
  readonly sessions: Pick<Sessions, 'begin'>
  readonly tokens: Pick<Tokens, 'issue' | 'sessionOf'>
  readonly devices: Pick<Devices, 'welcome'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
}

export const createSessionStart =
  ({ sessions, tokens, devices, loginAttempts }: SessionStartDependencies): StartSession =>
  async (proof, origin, { made, ...occasion }) => {
    const { userId, limit } = proof
    const { address, userAgent, deviceToken } = origin
    const record = (outcome: LoginOutcome) =>
      loginAttempts.record({ ...made, outcome, userId }, { ...origin, ...occasion })
    // Whoever signs in anew has no use for the session of the same client (ASVS 7.2.4).
    const inPlaceOf = [...new Set([occasion.sessionId, tokens.sessionOf(origin.refreshToken)])].filter(
      (id) => id != null,
    )
    const session = await sessions.begin(proof, { ...occasion, address, userAgent, inPlaceOf })
    if (!session) {
      await record('SESSION_LIMIT_REACHED')
      return { sessionsMax: (limit ?? usualLimit).max }
    }
    await record('SIGNED_IN')
    return { ...(await tokens.issue(session)), ...devices.welcome(userId, deviceToken) }
  }
