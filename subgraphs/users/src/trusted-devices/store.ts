/** Everything trusted devices need from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { TrustedDevice } from './trusted-device.ts'

export interface NewTrust extends Omit<TrustedDevice, 'lastUsedAt'> {
  /** The account's session epoch when the second factor was right: what ends the sessions of an account ends its trust. */
  readonly sessionEpoch: number
  readonly record: AuditRecord
}

export interface DeviceUse {
  readonly accountId: string
  readonly id: string
  readonly sessionEpoch: number
  readonly at: Date
}

export interface TrustedDeviceStore {
  /** The newest first, expired ones among them. Questions asked at the same time share one statement. */
  ofAccount(accountId: string): Promise<readonly TrustedDevice[]>
  /** Trusts it, in place of an earlier time. `false`: the account has ended its sessions since, or may not sign in. */
  add(trust: NewTrust): Promise<boolean>
  /** Notes that it was used. `false`: it is not trusted, or not any more. */
  use(use: DeviceUse): Promise<boolean>
  /** Trusts these no more, with the record of it; answers those that were there. */
  revoke(accountId: string, ids: readonly string[], record: AuditRecord): Promise<readonly string[]>
}
