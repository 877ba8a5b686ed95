/** Impersonation: what a member of the staff may do in somebody's place, and for how long they may (RFC 8693 section 4.1). */

import { intersectScopes, type Scope } from './principal.ts'
import type { GrantsRecord, SessionRecord } from './records/credential-records.ts'
import { isActiveAt, isEndedByAccount, isLive } from './records/credential-records.ts'

/** To open somebody's account and look. */
export const impersonateScope: Scope = 'sessions:impersonate'
/** To change something there besides. */
export const impersonateToWriteScope: Scope = 'sessions:impersonate:write'

/** The families of Latchkey's own scopes, whatever is added to one. */
const ownFamilies = ['profile', 'sessions', 'keys', 'users', 'roles', 'audit', 'attempts', 'webhooks']
/** What a person may do with their own account. */
const ofOneself = /^(?:profile|sessions|keys):(?:read|write)$/
/** What credentials hang on. */
const ofCredentials = /^(?:sessions|keys):/

const familyOf = (scope: Scope): string => scope.slice(0, scope.indexOf(':'))

/** Whether somebody with these scopes has power over other people's accounts; they are nobody to be impersonated. */
export const administers = (scopes: readonly Scope[]): boolean =>
  scopes.some((scope) => ownFamilies.includes(familyOf(scope)) && !ofOneself.test(scope))

/** What may be done in somebody's place: what both may do, and nothing that credentials hang on. */
export const supportScopes = (theirs: readonly Scope[], staffs: readonly Scope[]): readonly Scope[] =>
  intersectScopes(theirs, staffs).filter((scope) => !ofCredentials.test(scope))

/** What is known of the staff member now. */
export interface StaffState {
  readonly session: SessionRecord | null
  readonly grants: GrantsRecord | null
}

/**
 * Whether it may go on: the staff member is signed in as when it began, nothing of what they are permitted has changed since, and
 * they may still do what they were let do.
 */
export function mayGoOn(
  { write, epoch }: { readonly write: boolean; readonly epoch?: number | undefined },
  { session, grants }: StaffState,
  nowMs: number,
): boolean {
  if (!session || !isLive(session, nowMs) || !grants || !isActiveAt(grants, nowMs)) return false
  if (isEndedByAccount(session, grants) || (epoch !== undefined && epoch !== grants.epoch)) return false
  const needed = write ? [impersonateScope, impersonateToWriteScope] : [impersonateScope]
  return needed.every((scope) => grants.scopes.includes(scope))
}
