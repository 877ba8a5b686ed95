/** Everything passkeys need from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { FactorWrite, Written } from '../second-factors/store.ts'
import type { StoredPasskey } from './passkey.ts'
import type { Assertion, NewCredential } from './web-authn.ts'

/** What is needed to verify an answer of a passkey. */
export interface PasskeyKey {
  readonly id: string
  readonly accountId: string
  readonly publicKey: Uint8Array
}

export interface PasskeyUse {
  readonly accountId: string
  readonly id: string
  readonly assertion: Assertion
  readonly at: Date
}

export interface PasskeyStore {
  /** Oldest first. Questions asked at the same time share one statement. */
  ofAccount(accountId: string): Promise<readonly StoredPasskey[]>
  key(id: string): Promise<PasskeyKey | null>
  /** Keeps the challenge of an enrolment in place of an earlier one. */
  begin(enrolment: { accountId: string; challenge: string; expiresAt: Date }): Promise<void>
  /** The challenge, which is gone then: of any number of callers one gets it. */
  takeChallenge(accountId: string, at: Date): Promise<string | null>
  /** `taken`: another account or this one has the very credential already. */
  add(write: FactorWrite, passkey: NewCredential & { readonly name: string }): Promise<Written | 'taken'>
  remove(write: FactorWrite, id: string): Promise<Written>
  rename(renamed: { accountId: string; id: string; name: string; consequences: Consequences }): Promise<boolean>
  /** Keeps the count, if it has grown or the passkey does not count. `null`: it has not, or the account may not sign in. */
  use(used: PasskeyUse): Promise<{ readonly sessionEpoch: number } | null>
  /** Stamps the passkey once if the count has not grown; tells whether this call did. */
  alarm(used: PasskeyUse & { readonly consequences: Consequences }): Promise<boolean>
}
