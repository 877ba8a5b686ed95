/** Everything network rules need from storage. Every method rejects with UNAVAILABLE. */
import type { Entry } from '../ledger/ledger.ts'
import type { NetworkRule } from './network-rule.ts'

export interface NetworkRuleStore {
  /** Those that hold at `now`, by network; at most `max`. */
  live(now: Date, max: number): Promise<readonly NetworkRule[]>
  /**
   * Keeps a rule in place of an earlier one for the same network, with its audit record, both or neither. Null when as many
   * hold as may.
   */
  put(rule: NetworkRule, entry: Entry, max: number): Promise<NetworkRule | null>
  /** Removes a rule that holds, with an audit record. Null when there is none. */
  remove(id: string, entry: Entry): Promise<NetworkRule | null>
}
