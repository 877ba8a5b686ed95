/** `Authorization: Bearer <access token>`: a signed-in person. The only home of jose in the gateway, with jwks.ts. */
import type { KeyObject } from 'node:crypto'
import { type Clock, minuteMs, secondMs } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import {
  type CredentialRecords,
  type GrantsRecord,
  type ImpersonatingStaff,
  isActiveAt,
  isEndedByAccount,
  isLive,
  liveUntilMs,
  provedBy,
  type SessionRecord,
} from '@latchkey/principal/credential-records'
import { administers, mayGoOn, supportScopes } from '@latchkey/principal/impersonation'
import { Problem } from '@latchkey/problem'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import { coarseNetwork } from '@latchkey/subgraph/network'
import type { Client } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import { type CryptoKey, decodeJwt, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Caller } from '../pipeline.ts'
import type { Presented, Recogniser } from './authenticate.ts'
import { oncePerRecords } from './once-per-records.ts'
import type { LoadGrants } from './record-loaders.ts'

/** Every access token is for this audience; a token for another is refused. */
export const accessTokenAudience = 'latchkey'
/** The type an access token names in its header (RFC 9068, section 2.1). */
export const accessTokenType = 'at+jwt'

export type VerificationKey = KeyObject | CryptoKey

export interface AccessTokenDependencies {
  readonly records: CredentialRecords
  /** The public key a token's header names; `null` when there is none of that id. */
  readonly verificationKey: (keyId: string) => Promise<VerificationKey | null>
  /** Asked when the records know no grants of the user. */
  readonly loadGrants: LoadGrants
  readonly issuer: string
  readonly clock: Clock
  readonly logger: Logger
}

/** What a verified token says, and the header that carried it. */
interface Claims {
  readonly authorization: string
  readonly sessionId: string
  readonly userId: string
  /** What the session counted for when it was issued. */
  readonly issued: Pick<UserPrincipal, 'acr' | 'authTime'>
  /** Until then the token is known without being looked at again. */
  readonly knownUntilMs: number
  /** The same where its own end does not count. */
  readonly heldUntilMs: number
}

const rememberedMax = 10_000
/** A key that was replaced in an emergency proves nothing after this, whatever it proved before. */
const rememberedForMs = minuteMs
const touchEveryMs = 5 * minuteMs
const bearer = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i
/** What ends a token: the 64 bytes of an Ed25519 signature as base64url. */
const signatureLength = 86

const rejected = (detail: string, cause?: unknown) => new Problem('CREDENTIAL_REJECTED', detail, {}, { cause })

/** Whoever was accepted before is told why they are no more; nobody else learns anything of a credential that is no good. */
const ended = (presented: Presented, reason: string, detail: string) =>
  presented === 'before' ? new Problem('CREDENTIAL_REJECTED', detail, { reason }) : rejected(detail)

/**
 * The signature is checked once a minute per token text. The session and the owner's grants are
 * read with every request: a session that ended, or an account that may not act, is refused at once.
 */
export function createAccessTokenRecogniser(dependencies: AccessTokenDependencies): Recogniser {
  const { records, clock, loadGrants } = dependencies
  const verify = createVerifier(dependencies)
  const touch = createTouch(dependencies)
  const standingOf = createStandings()
  const impersonate = createImpersonations(dependencies)
  const recognise = async (
    authorization: string | readonly string[],
    client: Client | undefined,
    presented: Presented,
  ): Promise<Caller> => {
    if (typeof authorization !== 'string') throw notABearer()
    const nowMs = clock.now().getTime()
    const { sessionId, userId, issued } =
      verify.known(authorization, nowMs, presented) ?? (await verify.anew(authorization, presented))
    const { session, grants } = await records.session(sessionId, userId)
    if (!session || session.userId !== userId)
      throw ended(presented, 'SESSION_ENDED', `session ${sessionId} is not live`)
    if (!isLive(session, nowMs)) throw ended(presented, 'EXPIRED', `session ${sessionId} is over`)
    const current = grants ?? (await loadGrants(userId))
    if (!current || !isActiveAt(current, nowMs))
      throw ended(presented, 'ACCOUNT_NOT_ACTIVE', `the account ${userId} is not active`)
    if (isEndedByAccount(session, current))
      throw ended(presented, 'SESSION_ENDED_BY_ACCOUNT', `session ${sessionId} was ended by its account`)
    // That something goes on is no use that its person makes of it.
    if (presented === 'now') touch(session, nowMs, client)
    if (session.act) return impersonate(session, session.act, current)
    return callerBySession(standingOf(session, issued, nowMs), current)
  }
  return ({ authorization }, client, presented = 'now') =>
    authorization === undefined ? null : recognise(authorization, client, presented)
}

const notABearer = () => rejected('the Authorization header holds no bearer token')

/** What a session counts for now, to whoever holds one token of it. */
interface Standing {
  readonly session: Pick<SessionRecord, 'sessionId' | 'userId'>
  readonly proved: Pick<UserPrincipal, 'amr' | 'acr' | 'authTime'>
  readonly liveUntilMs?: number
}

/**
 * A token knows nothing of a proof that came after it: whoever stole it earlier is no stronger for what the person shows later.
 * The same standing is the same object for as long as the record is, so that what is remembered of it is found again.
 */
function createStandings() {
  const known = new WeakMap<SessionRecord, Standing>()
  return (session: SessionRecord, issued: Claims['issued'], nowMs: number): Standing => {
    const lastProof = Math.floor(session.authTimeMs / secondMs)
    const knowsOfIt = issued.authTime >= lastProof && issued.acr === 'aal2'
    const { amr, acr } = knowsOfIt ? provedBy(session, nowMs) : session
    const authTime = Math.min(issued.authTime, lastProof)
    const before = known.get(session)
    if (before?.proved.authTime === authTime && before.proved.amr === amr) return before
    const standing = { session, proved: { amr, acr, authTime }, liveUntilMs: liveUntilMs(session) }
    known.set(session, standing)
    return standing
  }
}

/** Who asks by a session: for as long as its standing and the grants are the same, the same. */
export const callerBySession = oncePerRecords(
  ({ session, proved, ...life }: Standing, { roles, scopes }: GrantsRecord) => {
    const { userId, sessionId } = session
    return { principal: { kind: 'user', userId, sessionId, roles, scopes, ...proved }, ...life }
  },
)

/**
 * Whoever acts for a person: with what both may do, and with no proof of who they are, since it was not they who proved it. Their
 * own session and grants are read with every request too: what ends them ends this.
 */
function createImpersonations({ records, loadGrants, clock }: AccessTokenDependencies) {
  return async (
    session: SessionRecord,
    { sub, sid, write, epoch }: ImpersonatingStaff,
    { roles, scopes }: GrantsRecord,
  ): Promise<Caller> => {
    const { sessionId, userId } = session
    const staff = await records.session(sid, sub)
    const grants = staff.grants ?? (await loadGrants(sub))
    if (!grants || !mayGoOn({ write, epoch }, { session: staff.session, grants }, clock.now().getTime())) {
      // For good: whatever ended it may be taken back. It is refused whether or not that can be written.
      await records.endSession(sessionId).catch(() => {})
      throw rejected(`${sub} may not impersonate ${userId} any more`)
    }
    if (administers(scopes)) throw rejected(`${userId} administers by now`)
    const proved = { amr: [], acr: 'aal1', authTime: 0 } as const
    const permitted = supportScopes(scopes, grants.scopes)
    const act = { sub, write }
    return {
      principal: Object.freeze({ kind: 'user', userId, sessionId, roles, scopes: permitted, ...proved, act }),
      liveUntilMs: liveUntilMs(session),
    }
  }
}

function createVerifier({ verificationKey, issuer, clock }: AccessTokenDependencies) {
  const remembered = createBoundedCache<Claims>({ entriesMax: rememberedMax })
  const terms = { algorithms: ['EdDSA'], typ: accessTokenType, issuer, audience: accessTokenAudience }
  const keyFor = async ({ kid }: { kid?: string }) => {
    const key = kid === undefined ? null : await verificationKey(kid)
    if (!key) throw rejected('the token names no key of ours')
    return key
  }
  const check = async (authorization: string, presented: Presented): Promise<Claims> => {
    const token = bearer.exec(authorization)?.[1]
    if (token === undefined) throw notABearer()
    const at = clock.now()
    const currentDate = presented === 'now' ? at : withinLife(token, at)
    const options: JWTVerifyOptions = { ...terms, requiredClaims: ['exp', 'iat', 'sub', 'sid'], currentDate }
    const { payload } = await jwtVerify(token, keyFor, options).catch((thrown: unknown) => {
      throw thrown instanceof Problem ? thrown : rejected('the token is not valid', thrown)
    })
    const { sub, sid, exp = 0, acr, auth_time: authTime } = payload
    if (typeof sub !== 'string' || typeof sid !== 'string') throw rejected('the token names no session')
    const heldUntilMs = at.getTime() + rememberedForMs
    const knownUntilMs = Math.min(exp * secondMs, heldUntilMs)
    const issued: Claims['issued'] = {
      acr: acr === 'aal2' ? 'aal2' : 'aal1',
      authTime: typeof authTime === 'number' ? authTime : 0,
    }
    return { authorization, sessionId: sid, userId: sub, issued, knownUntilMs, heldUntilMs }
  }
  // Looked up by its signature, which is quicker to hash than the whole; known it is only when the whole is the same.
  const keyOf = (authorization: string) => authorization.slice(-signatureLength)
  return {
    known(authorization: string, nowMs: number, presented: Presented): Claims | null {
      const claims = remembered.find(keyOf(authorization))
      if (claims?.authorization !== authorization) return null
      return nowMs < (presented === 'now' ? claims.knownUntilMs : claims.heldUntilMs) ? claims : null
    },
    async anew(authorization: string, presented: Presented): Promise<Claims> {
      const claims = await check(authorization, presented)
      remembered.keep(keyOf(authorization), claims)
      return claims
    },
  }
}

/** A moment at which the token has not ended: now, or the last one of its life. Nothing of it is believed before it is verified. */
function withinLife(token: string, now: Date): Date {
  try {
    const { exp = 0 } = decodeJwt(token)
    return new Date(Math.min(now.getTime(), exp * secondMs - 1))
  } catch {
    return now
  }
}

/** Says that the session is in use, at most every five minutes; the request does not wait for it. */
function createTouch({ records, logger }: AccessTokenDependencies) {
  const touchedAtMs = createBoundedCache<number>({ entriesMax: rememberedMax })
  return ({ sessionId, lastSeenAtMs }: SessionRecord, nowMs: number, client: Client | undefined): void => {
    if (nowMs - lastSeenAtMs < touchEveryMs) return
    if (nowMs - (touchedAtMs.find(sessionId) ?? 0) < touchEveryMs) return
    touchedAtMs.keep(sessionId, nowMs)
    const use = { atMs: nowMs, network: coarseNetwork(client?.address) }
    records.touchSession(sessionId, use).catch((error: unknown) => {
      logger.warn({ err: error, sessionId }, 'a session could not be marked as seen')
    })
  }
}
