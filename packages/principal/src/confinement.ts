/** What a key is confined to besides its scopes. Plain JSON: kept with the key, and copied whole when it is rotated. */

/** A member that is absent confines nothing. */
export interface Confinement {
  /** Patterns such as `project:123`, which subgraphs apply to what is theirs. */
  readonly resources?: readonly string[] | undefined
}
