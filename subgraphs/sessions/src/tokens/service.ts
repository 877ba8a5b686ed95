/** Tokens: a pair for each session, exchanged for the next one again and again. */
import { type Clock, type Entropy, secondMs } from '@latchkey/clock'
import {
  type CredentialRecords,
  isActiveAt,
  isEndedByAccount,
  isLive,
  liveUntilMs,
  type SessionRecord,
} from '@latchkey/principal/credential-records'
import type { Keyring } from '@latchkey/secrets'
import { coarseNetwork } from '@latchkey/subgraph/network'
import type { Logger } from '@latchkey/telemetry'
import type { Attempts } from '../attempts/service.ts'
import type { EndedSession, Occasion } from '../ledger/ledger.ts'
import type { Sessions } from '../sessions/service.ts'
import type { Place } from '../sessions/session.ts'
import type { SigningKeys } from '../signing-keys/service.ts'
import { signAccessToken } from './access-token.ts'
import { formatRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
import type { TellReusedToken } from './reused-token.ts'
import type { RefreshStore } from './store.ts'

interface TokenDependencies {
  readonly store: RefreshStore
  readonly records: CredentialRecords
  readonly sessions: Pick<Sessions, 'end'>
  readonly attempts: Pick<Attempts, 'charge'>
  readonly tellReusedToken: TellReusedToken
  readonly logger: Logger
  readonly signingKeys: Pick<SigningKeys, 'signer'>
  readonly keyring: Pick<Keyring, 'mac' | 'macWith'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly issuer: string
}

/** What a person holds who is signed in. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  /** When the access token ends. */
  readonly expiresAt: Date
  /** When the refresh token ends, unless it is used before. */
  readonly refreshExpiresAt: Date
  readonly session: SessionRecord
}

export interface Tokens {
  /** The session that a refresh token is of; null unless we made it. Asks no store. */
  sessionOf(refreshToken: string | undefined): string | null
  /** The first pair of a session. */
  issue(session: SessionRecord): Promise<TokenPair>
  /** A token to look and to act with, for as long as the session lasts; there is no other after it. */
  issueAccess(session: SessionRecord): Promise<Pick<TokenPair, 'accessToken' | 'expiresAt'>>
  /** The pair that goes on from a refresh token of this number, which the session's store has moved on to. */
  reissue(session: SessionRecord, counter: number): Promise<TokenPair>
  /**
   * The next pair; null when the token is worth nothing. A genuine token that was used before ends its session, and the person is
   * told, once; it counts as a wrong try of the network. No other does: whoever has lost their session, with Redis perhaps, has
   * tried nothing, and what we never made is refused without asking any store.
   */
  refresh(refreshToken: string, from: Place, occasion: Occasion): Promise<TokenPair | null>
}

/** A lost answer, or two tabs: for this long the token before the current one brings the same successor again. */
const graceMs = 10 * secondMs

export function createTokens(dependencies: TokenDependencies): Tokens {
  const { store, records, sessions, attempts, tellReusedToken, logger, signingKeys, keyring, clock, entropy, issuer } =
    dependencies
  const nowMs = () => clock.now().getTime()

  const issueAccess = async (session: SessionRecord) =>
    signAccessToken(session, await signingKeys.signer(), { issuer, clock, entropy })

  async function pairOf(session: SessionRecord, counter: number): Promise<TokenPair> {
    const access = await issueAccess(session)
    const refreshToken = formatRefreshToken(keyring, { sessionId: session.sessionId, counter })
    return { ...access, refreshToken, refreshExpiresAt: new Date(liveUntilMs(session)), session }
  }

  /** The session, unless it has ended or its account is known to be inactive; used just now. */
  async function stillLive(sessionId: string, userId: string, address?: string): Promise<SessionRecord | null> {
    const { session, grants } = await records.session(sessionId, userId)
    if (!session || !isLive(session, nowMs())) return null
    if (grants && (!isActiveAt(grants, nowMs()) || isEndedByAccount(session, grants))) return null
    await records.touchSession(sessionId, { atMs: nowMs(), network: coarseNetwork(address) })
    return { ...session, lastSeenAtMs: nowMs() }
  }

  /** A notice that cannot be sent is told in the log: the session has ended all the same. */
  async function endReused(session: EndedSession, from: Place, occasion: Occasion): Promise<void> {
    if ((await sessions.end(session, 'refresh-token-reused', occasion)) !== 'first') return
    const { requestId } = occasion
    await tellReusedToken(session.userId, { ...from, requestId }).catch((err: unknown) => {
      logger.warn({ err, requestId }, 'a person could not be told of a token that came back')
    })
  }

  async function exchange(token: RefreshToken, from: Place, occasion: Occasion): Promise<TokenPair | null> {
    const { sessionId } = token
    const rotation = await store.rotate(token, { nowMs: nowMs(), graceMs })
    if (rotation.outcome === 'reused') {
      await endReused({ ...rotation, sessionId }, from, occasion)
      await attempts.charge(from.address)
    }
    if (rotation.outcome === 'reused' || rotation.outcome === 'unknown') return null
    const session = await stillLive(sessionId, rotation.userId, from.address)
    return session && pairOf(session, rotation.counter)
  }

  return {
    sessionOf: (refreshToken = '') => readRefreshToken(keyring, refreshToken)?.sessionId ?? null,
    async issue(session) {
      await store.begin(session, nowMs())
      return pairOf(session, 1)
    },
    issueAccess,
    reissue: pairOf,
    async refresh(refreshToken, from, occasion) {
      const token = readRefreshToken(keyring, refreshToken)
      return token && exchange(token, from, occasion)
    },
  }
}
