/** Everything versions of secrets need from storage. */
import type { NamedColumn, SealedColumn, SecretColumn } from './column.ts'

export interface VersionCount {
  readonly version: string
  readonly rows: number
  /** Of them, those that cannot be read or found without it. */
  readonly needed: number
}

export interface SealedRow {
  readonly id: string
  readonly sealed: string
}

export interface ResealedRow extends SealedRow {
  readonly resealed: string
}

/** Every method rejects with UNAVAILABLE while the store cannot answer. */
export interface SecretVersionStore {
  counts(column: SecretColumn, asked: { readonly newest: string; readonly now: Date }): Promise<readonly VersionCount[]>
  /** Rows that are not sealed under the newest version, after the given one, in order. */
  sealedOtherwise(
    column: SealedColumn,
    asked: { readonly newest: string; readonly after: string | null; readonly max: number },
  ): Promise<readonly SealedRow[]>
  /** Replaces each text that is still the known one. Answers how many. */
  replace(column: SealedColumn, rows: readonly ResealedRow[]): Promise<number>
  /** Removes rows of a version that do not need it. Answers how many. */
  removeOver(
    column: NamedColumn,
    asked: { readonly version: string; readonly newest: string; readonly now: Date; readonly max: number },
  ): Promise<number>
}
