/** Tokens: a pair for each session, exchanged for the next one again and again. */
import { type Clock, type Entropy, secondMs } from '@latchkey/clock'
import {
  type CredentialRecords,
  isActiveAt,
  isEndedByAccount,
  type SessionRecord,
} from '@latchkey/principal/credential-records'
import type { Keyring } from '@latchkey/secrets'
import type { Occasion } from '../ledger/ledger.ts'
import type { Sessions } from '../sessions/service.ts'
import { isLive, type SessionTerms } from '../sessions/session.ts'
import type { SigningKeys } from '../signing-keys/service.ts'
import { signAccessToken } from './access-token.ts'
import { formatRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
import type { RefreshStore, Rotation } from './store.ts'

interface TokenDependencies {
  readonly store: RefreshStore
  readonly records: CredentialRecords
  readonly sessions: Pick<Sessions, 'end'>
  readonly signingKeys: Pick<SigningKeys, 'signer'>
  readonly keyring: Pick<Keyring, 'mac' | 'macWith'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly issuer: string
  readonly terms: SessionTerms
}

/** What a person holds who is signed in. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  /** When the access token ends. */
  readonly expiresAt: Date
  readonly session: SessionRecord
}

export interface Tokens {
  /** The first pair of a session. */
  issue(session: SessionRecord): Promise<TokenPair>
  /** A token to look and to act with, for as long as the session lasts; there is no other after it. */
  issueAccess(session: SessionRecord): Promise<Pick<TokenPair, 'accessToken' | 'expiresAt'>>
  /** The pair that goes on from a refresh token of this number, which the session's store has moved on to. */
  reissue(session: SessionRecord, counter: number): Promise<TokenPair>
  /** The next pair; null when the token is worth nothing. A genuine token that was used before ends its session. */
  refresh(refreshToken: string, occasion: Occasion): Promise<TokenPair | null>
}

/** A lost answer, or two tabs: for this long the token before the current one brings the same successor again. */
const graceMs = 10 * secondMs

export function createTokens(dependencies: TokenDependencies): Tokens {
  const { store, records, sessions, signingKeys, keyring, clock, entropy, issuer, terms } = dependencies
  const nowMs = () => clock.now().getTime()

  const issueAccess = async (session: SessionRecord) =>
    signAccessToken(session, await signingKeys.signer(), { issuer, clock, entropy })

  async function pairOf(session: SessionRecord, counter: number): Promise<TokenPair> {
    const access = await issueAccess(session)
    return { ...access, refreshToken: formatRefreshToken(keyring, { sessionId: session.sessionId, counter }), session }
  }

  /** The session, unless it has ended or its account is known to be inactive; used just now. */
  async function stillLive(sessionId: string, userId: string): Promise<SessionRecord | null> {
    const { session, grants } = await records.session(sessionId, userId)
    if (!session || !isLive(session, nowMs(), terms)) return null
    if (grants && (!isActiveAt(grants, nowMs()) || isEndedByAccount(session, grants))) return null
    await records.touchSession(sessionId, nowMs(), terms.idleMs)
    return { ...session, lastSeenAtMs: nowMs() }
  }

  async function actOn(rotation: Rotation, { sessionId }: RefreshToken, occasion: Occasion): Promise<TokenPair | null> {
    if (rotation.outcome === 'unknown') return null
    if (rotation.outcome === 'reused') {
      await sessions.end({ ...rotation, sessionId }, 'refresh-token-reused', occasion)
      return null
    }
    const session = await stillLive(sessionId, rotation.userId)
    return session && pairOf(session, rotation.counter)
  }

  return {
    async issue(session) {
      await store.begin(session, nowMs())
      return pairOf(session, 1)
    },
    issueAccess,
    reissue: pairOf,
    async refresh(refreshToken, occasion) {
      const token = readRefreshToken(keyring, refreshToken)
      if (!token) return null
      return actOn(await store.rotate(token, { nowMs: nowMs(), graceMs }), token, occasion)
    },
  }
}
