/** Everything the features of second factors share of their storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import type { FactorState } from './second-factor.ts'

/** What every change of a factor writes besides itself. */
export interface FactorWrite {
  readonly accountId: string
  /** Of the state that the change was decided on. */
  readonly grantsEpoch: number
  /** The one session that goes on while all others end; `null`: none ends. */
  readonly keepOnly: string | null
  /** These instead of all there are; `null`: they stay as they are. */
  readonly recoveryCodes: readonly KeyedMac[] | null
  readonly consequences: Consequences
  readonly at: Date
}

/** `raced`: the account has changed since it was read, and nothing was written. `refused`: there was nothing to change. */
export type Written = 'changed' | 'raced' | 'refused'

export interface FactorStore {
  /** Of one moment; `null` for an unknown account. Questions asked at the same time share one statement. */
  stateOf(accountId: string): Promise<FactorState | null>
  /** New recovery codes and nothing else. */
  replaceRecoveryCodes(write: FactorWrite): Promise<Written>
  switchEmailCodes(write: FactorWrite, to: 'on' | 'off'): Promise<Written>
}
