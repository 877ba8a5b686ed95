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
  /** From where it works: networks in CIDR notation. */
  readonly networks?: readonly string[] | undefined
  /** The web origins whose pages it works for, as browsers write them. */
  readonly origins?: readonly string[] | undefined
}
