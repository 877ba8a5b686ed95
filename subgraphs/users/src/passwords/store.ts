/** Everything the password check needs from storage. */
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { PasswordHash } from './hasher.ts'

/** The account that an address names, as far as signing in is concerned. */
export interface SignInCandidate extends PasswordHash {
  readonly userId: string
  readonly active: boolean
  readonly emailVerified: boolean
  /** What a session that begins now is kept with. */
  readonly sessionEpoch: number
}

export interface PasswordStore {
  /** `null`: no account has this address, or it has no password. */
  candidate(indexes: readonly BlindIndex[]): Promise<SignInCandidate | null>
}
