/** What is known of a credential at this moment: the records that are read on every request. */
import { dayMs } from '@latchkey/clock'
import type { Confinement } from '../keys/confinement.ts'
import type { AssuranceLevel, Impersonator, Scope } from '../principal.ts'
import type { Proviso } from './proviso.ts'

/** A step-up: until then the session counts as proved by two factors, by these methods. */
export interface RaisedAssurance {
  readonly amr: readonly string[]
  readonly untilMs: number
}

/** Whose hand is on a session: a staff member's, for as long as a session of their own lives. */
export interface ImpersonatingStaff extends Impersonator {
  readonly sid: string
  /** Of their grants when it began: demoted and promoted again, they begin anew. Absent: not told. */
  readonly epoch?: number
}

/** A live session. Times are milliseconds since 1970. */
export interface SessionRecord {
  readonly sessionId: string
  readonly userId: string
  /** Of the sign-in. */
  readonly amr: readonly string[]
  readonly acr: AssuranceLevel
  /** When the person last proved who they are: at the sign-in, or by a step-up. */
  readonly authTimeMs: number
  readonly raised?: RaisedAssurance
  readonly createdAtMs: number
  readonly lastSeenAtMs: number
  /** The end that no use can postpone. */
  readonly endsAtMs: number
  /** Unused for so long, it ends. Absent: seven days. */
  readonly idleMs?: number
  /** The device as its user agent names it, shortened. */
  readonly device: string
  /** Where the person signed in, coarsely: a /24 or a /48. Absent, or null: not known. */
  readonly network?: string | null
  /** Where it was used last. */
  readonly lastNetwork?: string | null
  /** Who has it in their person's place; absent: the person themselves. */
  readonly act?: ImpersonatingStaff
  /** The account's session epoch when the person proved who they are. Absent: 0. */
  readonly epoch?: number
}

/** A use of a session. */
export interface SessionUse {
  readonly atMs: number
  /** Coarsely; null when it is not known, and then what was known stays. */
  readonly network: string | null
}

/** What an account is permitted now. `epoch` grows with every change and is kept in Postgres. */
export interface GrantsRecord {
  readonly userId: string
  readonly epoch: number
  /** When it was judged: of two of one epoch the later one counts, because time alone ends a role. Absent: before any other. */
  readonly judgedAtMs?: number
  /** An account that is not active is refused, whatever credential speaks for it. What `active` was when this was told. */
  readonly active: boolean
  /** From when on an account that is not active is so again by itself: the end of a suspension. Absent: never. */
  readonly activeFromMs?: number | null
  /** Until when an active account is so by itself: the grace for confirming an address. Absent: for ever. */
  readonly activeUntilMs?: number | null
  readonly roles: readonly string[]
  readonly scopes: readonly Scope[]
  /** Sessions of a smaller epoch have ended, all but the one that was kept. Absent: 0. */
  readonly sessionEpoch?: number
  readonly sessionKept?: string | null
  /** While keys of the account may be somebody else's, none of them counts. Absent: they count. */
  readonly keysDoubted?: boolean
}

/** What is needed to judge a presented API key. `version` grows with every change and is kept in Postgres. */
export interface ApiKeyRecord {
  readonly keyId: string
  readonly version: number
  readonly ownerId: string
  /** HMAC-SHA-256 of the whole key under the pepper named beside it, base64url. */
  readonly secretMac: string
  readonly pepperId: string
  readonly scopes: readonly Scope[]
  /** What it is confined to besides. Absent: nothing. */
  readonly confinement?: Confinement
  readonly environment: 'live' | 'test'
  readonly expiresAtMs: number | null
  /** Since when it is set aside. Absent: it is not. */
  readonly disabledAtMs?: number | null
  readonly revokedAtMs: number | null
  /** The key that takes its place. Absent, or null: it was not rotated. */
  readonly successorId?: string | null
}

/** Whether the account may act at this moment, whether or not anybody has told again since it turned. */
export const isActiveAt = (
  { active, activeFromMs, activeUntilMs }: Pick<GrantsRecord, 'active' | 'activeFromMs' | 'activeUntilMs'>,
  nowMs: number,
): boolean =>
  (active || (typeof activeFromMs === 'number' && nowMs >= activeFromMs)) &&
  (typeof activeUntilMs !== 'number' || nowMs < activeUntilMs)

/** Of a session that does not say. */
export const usualIdleMs = 7 * dayMs

/** When a session ends if it is not used before. */
export const liveUntilMs = ({ endsAtMs, lastSeenAtMs, idleMs = usualIdleMs }: SessionRecord): number =>
  Math.min(endsAtMs, lastSeenAtMs + idleMs)

/** Whether it has neither been idle for too long nor reached its end. A store may still hold it for a moment after. */
export const isLive = (session: SessionRecord, nowMs: number): boolean => nowMs < liveUntilMs(session)

/** How the session is proved at a moment: by a step-up that has not faded yet, else by its sign-in. */
export const provedBy = (
  { amr, acr, raised }: Pick<SessionRecord, 'amr' | 'acr' | 'raised'>,
  nowMs: number,
): Pick<SessionRecord, 'amr' | 'acr'> =>
  raised && nowMs < raised.untilMs ? { amr: raised.amr, acr: 'aal2' } : { amr, acr }

/** Whether the account has ended its sessions since this one began, and did not keep it. */
export const isEndedByAccount = (
  { sessionId, epoch = 0 }: Pick<SessionRecord, 'sessionId' | 'epoch'>,
  { sessionEpoch = 0, sessionKept }: Pick<GrantsRecord, 'sessionEpoch' | 'sessionKept'>,
): boolean => epoch < sessionEpoch && sessionId !== sessionKept

/** A key and its owner's grants as they were read last, provided that they are still so. */
export interface RememberedKey {
  readonly key: ApiKeyRecord
  readonly grants: GrantsRecord
  readonly proviso: Proviso
}

/** The records, shared by every process. Each read is one round trip. Rejects with UNAVAILABLE when the store cannot answer. */
export interface CredentialRecords {
  /** A session and the grants of the user it claims to be of. */
  session(sessionId: string, userId: string): Promise<{ session: SessionRecord | null; grants: GrantsRecord | null }>
  /** What an account is permitted; null when nothing is known of it. Reads of one turn of the event loop travel together. */
  grants(userId: string): Promise<GrantsRecord | null>
  /** A key and the grants of its owner. */
  apiKey(keyId: string): Promise<{ key: ApiKeyRecord | null; grants: GrantsRecord | null }>
  /** Asks nobody; `null`: this process has not read both. Absent: to read costs nothing, so nothing is remembered. */
  remembered?(keyId: string): RememberedKey | null
  /** Keeps the record unless a newer one is there already. */
  putGrants(grants: GrantsRecord): Promise<void>
  /** The same for many accounts at once. When it rejects some may be kept and some not; all of them may be put again. */
  putManyGrants(grants: readonly GrantsRecord[]): Promise<void>
  /** Keeps the record unless a newer one is there already. */
  putApiKey(key: ApiKeyRecord): Promise<void>
  putSession(session: SessionRecord): Promise<void>
  /** Says that the session was used: moves its idle end. Does nothing to a session that has ended. */
  touchSession(sessionId: string, use: SessionUse): Promise<void>
  endSession(sessionId: string): Promise<void>
  /** Forgets what an account is permitted, for an account that is no more. */
  forgetGrants(userId: string): Promise<void>
  /** Forgets a key, for an owner who is no more. */
  forgetApiKey(keyId: string): Promise<void>
}
