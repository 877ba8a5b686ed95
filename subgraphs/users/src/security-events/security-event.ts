/** Security events: what of the audit records a person is shown about their own account. */
import { dayMs } from '@latchkey/clock'
import type { AuditedAction } from '../audit/audit.ts'

/** How far back they are shown. */
export const shownForMs = 90 * dayMs

export type SecurityEventKind =
  | 'ACCOUNT_OPENED'
  | 'ACCOUNT_CHANGED'
  | 'ACCOUNT_SUSPENDED'
  | 'ACCOUNT_RESTORED'
  | 'ACCOUNT_LOCKED'
  | 'ACCOUNT_DELETED'
  | 'API_KEYS_WITHDRAWN'
  | 'EMAIL_CONFIRMED'
  | 'EMAIL_CHANGE_REQUESTED'
  | 'EMAIL_CHANGED'
  | 'EMAIL_CHANGE_UNDONE'
  | 'PROFILE_CHANGED'
  | 'PASSWORD_CHANGED'
  | 'PASSWORD_RESET_REQUESTED'
  | 'PASSWORD_RESET'
  | 'TOTP_ADDED'
  | 'TOTP_REMOVED'
  | 'SECOND_FACTORS_WITHDRAWN'
  | 'RECOVERY_CODES_REGENERATED'
  | 'RECOVERY_CODE_USED'
  | 'PASSKEY_ADDED'
  | 'PASSKEY_RENAMED'
  | 'PASSKEY_REMOVED'
  | 'PASSKEY_ALARM'
  | 'EMAIL_CODES_ENABLED'
  | 'EMAIL_CODES_DISABLED'
  | 'NEW_DEVICE'
  | 'SIGN_IN_STOPPED'
  | 'DEVICE_TRUSTED'
  | 'DEVICE_TRUST_REVOKED'
  | 'TOKEN_REUSED'
  | 'IMPERSONATED'
  | 'ROLE_GRANTED'
  | 'ROLE_REVOKED'
  | 'DATA_EXPORT_REQUESTED'
  | 'DATA_EXPORT_READ'

/** Every action that is audited, as what the person sees of it; `null`: nothing. One that is missing does not compile. */
const kinds: Readonly<Record<AuditedAction, SecurityEventKind | null>> = {
  // Strangers ask these about an address; they change nothing.
  'account.register': null,
  'email.resend': null,
  'sign-in.request-mail': null,
  'account.open': 'ACCOUNT_OPENED',
  'account.create': 'ACCOUNT_OPENED',
  'account.import': 'ACCOUNT_OPENED',
  'account.update': 'ACCOUNT_CHANGED',
  'service-account.create': 'ACCOUNT_OPENED',
  'service-account.update': 'ACCOUNT_CHANGED',
  'account.suspend': 'ACCOUNT_SUSPENDED',
  'account.restore': 'ACCOUNT_RESTORED',
  'account.lock': 'ACCOUNT_LOCKED',
  'account.delete': 'ACCOUNT_DELETED',
  // Nobody is left to see it.
  'account.erase': null,
  'api-keys.withdraw': 'API_KEYS_WITHDRAWN',
  'email.confirm': 'EMAIL_CONFIRMED',
  'email.request-change': 'EMAIL_CHANGE_REQUESTED',
  'email.change': 'EMAIL_CHANGED',
  'email.undo-change': 'EMAIL_CHANGE_UNDONE',
  'profile.update': 'PROFILE_CHANGED',
  'password.change': 'PASSWORD_CHANGED',
  'password.request-reset': 'PASSWORD_RESET_REQUESTED',
  'password.reset': 'PASSWORD_RESET',
  // The same password, kept in another way.
  'password.upgrade': null,
  'invitation.accept': 'ACCOUNT_OPENED',
  // Counts from the first good code on.
  'totp.enrol': null,
  'totp.confirm': 'TOTP_ADDED',
  'totp.remove': 'TOTP_REMOVED',
  'second-factors.withdraw': 'SECOND_FACTORS_WITHDRAWN',
  'recovery-codes.regenerate': 'RECOVERY_CODES_REGENERATED',
  'recovery-codes.use': 'RECOVERY_CODE_USED',
  'passkey.add': 'PASSKEY_ADDED',
  'passkey.rename': 'PASSKEY_RENAMED',
  'passkey.remove': 'PASSKEY_REMOVED',
  'passkey.alarm': 'PASSKEY_ALARM',
  'email-codes.enable': 'EMAIL_CODES_ENABLED',
  'email-codes.disable': 'EMAIL_CODES_DISABLED',
  // About roles, not about an account.
  'role.create': null,
  'role.update': null,
  'role.delete': null,
  // About what leaves the house, not about an account.
  'webhook-endpoint.create': null,
  'webhook-endpoint.update': null,
  'webhook-endpoint.delete': null,
  'webhook-endpoint.rotate-secret': null,
  'webhook-endpoint.test': null,
  'webhook-endpoint.replay': null,
  'webhook-endpoint.disable': null,
  'role.grant': 'ROLE_GRANTED',
  'role.revoke': 'ROLE_REVOKED',
  'sign-in.new-device': 'NEW_DEVICE',
  'sign-in.stopped': 'SIGN_IN_STOPPED',
  'trusted-device.add': 'DEVICE_TRUSTED',
  'trusted-device.revoke': 'DEVICE_TRUST_REVOKED',
  'session.token-reused': 'TOKEN_REUSED',
  'sign-in.impersonate': 'IMPERSONATED',
  'data-export.request': 'DATA_EXPORT_REQUESTED',
  'data-export.read': 'DATA_EXPORT_READ',
}

/** The actions that are shown. */
export const shownActions: readonly string[] = Object.entries(kinds)
  .filter(([, kind]) => kind !== null)
  .map(([action]) => action)

const isAction = (action: string): action is AuditedAction => Object.hasOwn(kinds, action)

/** Who did it, as the person knows them. */
export type SecurityEventActor = 'YOU' | 'MAIL_LINK' | 'UNKNOWN' | 'API_KEY' | 'ADMINISTRATOR' | 'SYSTEM'

/** An audit record about an account, as far as its person may see it. */
export interface StoredEvent {
  readonly id: string
  readonly at: Date
  readonly action: string
  readonly actorKind: string
  readonly actorId: string | null
  readonly device: string | null
  readonly network: string | null
}

export interface SecurityEvent {
  readonly id: string
  readonly kind: SecurityEventKind
  readonly at: Date
  readonly by: SecurityEventActor
  readonly device: string | null
  readonly network: string | null
}

function actorOf({ action, actorKind, actorId }: StoredEvent, accountId: string): SecurityEventActor {
  switch (actorKind) {
    case 'user':
      return actorId === accountId ? 'YOU' : 'ADMINISTRATOR'
    case 'operator':
      return 'ADMINISTRATOR'
    case 'apiKey':
      return 'API_KEY'
    // Without a credential nothing is changed but by the token from a mail; asking for that mail is anybody's.
    case 'anonymous':
      return action === 'password.request-reset' ? 'UNKNOWN' : 'MAIL_LINK'
    default:
      return 'SYSTEM'
  }
}

/** `null` for what is not shown. Where an administrator was is not the person's to know. */
export function securityEventOf(stored: StoredEvent, accountId: string): SecurityEvent | null {
  const { id, at, action, device, network } = stored
  const kind = isAction(action) ? kinds[action] : null
  if (kind === null) return null
  const by = actorOf(stored, accountId)
  const isElsewhere = by === 'ADMINISTRATOR' || by === 'SYSTEM'
  return { id, kind, at, by, device: isElsewhere ? null : device, network: isElsewhere ? null : network }
}
