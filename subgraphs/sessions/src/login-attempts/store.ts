/** Everything login attempts need from storage. */
import type { Place } from '@latchkey/subgraph/page'
import type { LoginAttempt, LoginOutcome } from './login-attempt.ts'

export interface NewLoginAttempt extends LoginAttempt {
  /** The normalised address, MACed under the keyring: `keyId.mac`. Empty where none was given. */
  readonly identifierIndex: string
  /** The client's whole address, sealed. */
  readonly sealedAddress: string | null
  readonly requestId: string
  /** The network that it is counted under, MACed like the address. */
  readonly networkIndex: string
  readonly deviceId: string | null
  readonly forgave: readonly string[]
  /** Names the audit record of an attempt that is refused. */
  readonly auditId: string
}

export interface LoginAttemptQuery {
  readonly userId: string | null
  /** Any of these; null: whoever was named. */
  readonly identifierIndexes: readonly string[] | null
  readonly outcome: LoginOutcome | null
  readonly after: Place | null
  readonly limit: number
}

/** Every method rejects with UNAVAILABLE when the store cannot answer. */
export interface LoginAttemptStore {
  /** Whether it is a sign-in with a device that the account was never signed in with, of those that were, in what is kept. */
  add(attempt: NewLoginAttempt): Promise<{ readonly newDevice: boolean }>
  /** Newest first. */
  page(query: LoginAttemptQuery): Promise<readonly LoginAttempt[]>
}
