/** Everything the authenticator app needs from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import type { FactorWrite, Written } from '../second-factors/store.ts'

export interface StoredTotp {
  /** Sealed under the account's data key. */
  readonly secret: string
  readonly sealedKey: string
  readonly confirmed: boolean
}

/** A code that was found right: of which secret, and of which step. */
export interface GoodCode {
  readonly secret: string
  readonly step: number
}

export interface TotpStore {
  of(accountId: string): Promise<StoredTotp | null>
  /** Keeps a secret that waits to be confirmed, instead of one that waits already. `false`: there is a confirmed one. */
  begin(enrolment: { accountId: string; secret: string; at: Date; consequences: Consequences }): Promise<boolean>
  confirm(write: FactorWrite, code: GoodCode): Promise<Written>
  /**
   * Uses the step, if neither it nor a later one was used before: of any number of callers with one code one gets an answer.
   * `null` for all others, and when the account may not sign in.
   */
  use(accountId: string, code: GoodCode): Promise<{ readonly sessionEpoch: number } | null>
  /** Takes one of `max` tries in a row to remove the factor; `false` when none is left. They return `windowMs` after the last one. */
  takeTry(accountId: string, terms: { at: Date; max: number; windowMs: number }): Promise<boolean>
  /** What allows it: a code of the app, a recovery code, or a session that began with something stronger. */
  remove(write: FactorWrite, proof: RemovalProof): Promise<Written>
}

export type RemovalProof =
  | { readonly kind: 'code'; readonly code: GoodCode }
  | { readonly kind: 'recovery code'; readonly macs: readonly KeyedMac[] }
  | { readonly kind: 'session' }
