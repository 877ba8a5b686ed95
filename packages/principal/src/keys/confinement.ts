/** What a key is confined to besides its scopes. Plain JSON: kept with the key, and copied whole when it is rotated. */
import type { AccessList } from './access-list.ts'

/** A member that is absent confines nothing. */
export interface Confinement {
  /** Patterns such as `project:123`, which subgraphs apply to what is theirs. */
  readonly resources?: readonly string[] | undefined
  /** What of the schema it may touch. */
  readonly access?: AccessList | undefined
  /** SHA-256, in hexadecimal digits, of each document it may send. */
  readonly operations?: readonly string[] | undefined
  /** How strictly what it sends must be registered, where that is stricter than the gateway is. */
  readonly persistedOperations?: PersistedOperationsLevel | undefined
  /** From where it works: networks in CIDR notation. */
  readonly networks?: readonly string[] | undefined
  /** The web origins whose pages it works for, as browsers write them. */
  readonly origins?: readonly string[] | undefined
  /** Limits of its own, by name; each applies. Absent: the limit of every key that names none. */
  readonly rateLimits?: readonly RateLimit[] | undefined
  /** How often it may be used at all. */
  readonly uses?: UseAllowance | undefined
}

/** As the levels of the gateway: what is not registered is logged; is refused; and whatever is asked by text is. */
export type PersistedOperationsLevel = 'LOG_UNKNOWN' | 'SAFELIST' | 'IDS_ONLY'

/** `limit` requests, or as much of what requests cost, in a window, spread evenly over it, and `burst` of it at once. */
export interface RateLimit {
  readonly name: string
  readonly limit: number
  readonly windowSeconds: number
  readonly burst: number
  /** What is counted. Absent: requests. */
  readonly unit?: 'cost' | undefined
}

export type UseRefill = 'DAILY' | 'MONTHLY' | 'NEVER'

/** So many uses, and again so many, not more, with each refill: at 00:00 UTC, of every day or of the first of a month. */
export interface UseAllowance {
  readonly limit: number
  readonly refill: UseRefill
  /** Grows when the uses are given anew: what was spent of an earlier allowance counts no more. */
  readonly issue: number
  /** The key under whose id they are counted, for keys that were rotated into one another share them. Absent: the key itself. */
  readonly of?: string
}
