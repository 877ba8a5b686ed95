/** Columns that hold what a version of a secret made. A subgraph lists its own; whatever is listed nowhere cannot be moved. */
import type { Purpose } from '@latchkey/secrets'

interface Column {
  readonly purpose: Purpose
  /** `schema.table.column`. */
  readonly name: string
  /**
   * SQL: whether a row needs the version that it names. `$1` is the version that makes what is new, `$2` the present moment. Absent: every
   * row does. What is over, used up or kept under the newest version too does not.
   */
  readonly needed?: string
}

/** What is sealed, and so can be opened and sealed anew: `version.nonce.ciphertext`. */
export interface SealedColumn extends Column {
  readonly kind: 'sealed'
  /** The key of the table, with its type. */
  readonly id: string
  readonly idType: 'text' | 'bigint'
  /** What the text is bound to. */
  readonly place: (id: string) => string
}

/** What was only hashed under a secret: nobody can make it anew but whoever comes with what it was made of. */
export interface NamedColumn extends Column {
  readonly kind: 'named'
  /** SQL of the version's id; the column itself unless said. */
  readonly version?: string
  /** Whether rows that do not need their version are nothing any more, and go with it. */
  readonly over?: 'removed'
}

export type SecretColumn = SealedColumn | NamedColumn

export const tableOf = ({ name }: Column): string => name.slice(0, name.lastIndexOf('.'))
export const columnOf = ({ name }: Column): string => name.slice(name.lastIndexOf('.') + 1)

/** SQL of the id of the version. */
export function versionOf(column: SecretColumn): string {
  if (column.kind === 'sealed') return `split_part(${columnOf(column)}, '.', 1)`
  return column.version ?? columnOf(column)
}
