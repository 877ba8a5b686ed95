/** Everything the password check needs from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { KeptPassword, PasswordHash } from './hasher.ts'

/** The account that an address names, as far as signing in is concerned. */
export interface SignInCandidate extends KeptPassword {
  readonly userId: string
  readonly active: boolean
  readonly emailVerified: boolean
  /** What a session that begins now is kept with. */
  readonly sessionEpoch: number
}

/** A newer hash of the same password. */
export interface HashUpgrade {
  readonly accountId: string
  /** What is kept when it was checked. */
  readonly from: string
  readonly to: PasswordHash
  readonly record: AuditRecord
}

export interface PasswordStore {
  /** `null`: no account has this address, or it has no password. */
  candidate(indexes: readonly BlindIndex[]): Promise<SignInCandidate | null>
  /** Replaces the hash if it is still the one that was checked. `false`: it was changed meanwhile, and stays as it is. */
  upgrade(upgrade: HashUpgrade): Promise<boolean>
  /** How many passwords are still kept as another system hashed them. */
  legacyHashes(): Promise<number>
}
