/** Everything archives need from storage. A row is what Postgres makes of it in JSON: whatever is known of a key, by column. */

export type Columns = Readonly<Record<string, unknown>>

/** A key as it travels. */
export interface KeyRow {
  readonly key: Columns
  /** Of a key that another system made. */
  readonly foreign?: Columns
  /** What that system made its HMAC with, sealed. */
  readonly secret?: Columns
  /** What was spent of its uses, where uses are counted. */
  readonly uses?: Columns
}

/** What of a key is here. */
export interface PresentKey {
  readonly id: string
  readonly version: number
  readonly revoked: boolean
  readonly key: Columns
}

export interface ExportTerms {
  /** `null`: everybody's. */
  readonly ownerId: string | null
  readonly pageMax: number
}

export interface ArchiveStore {
  columns(): Promise<readonly string[]>
  /** How many keys there are; `null`: of everybody. */
  count(ownerId: string | null): Promise<number>
  /** Keys of one moment, in the order of their ids; the next page is read when `take` has resolved. */
  eachPage(terms: ExportTerms, take: (rows: readonly KeyRow[]) => Promise<void>): Promise<void>
}

export interface RestoreRoom {
  columns(): Promise<readonly string[]>
  present(ids: readonly string[]): Promise<readonly PresentKey[]>
  /** The ids of those that were added: none whose id, successor, external id or lookup is another key's already. */
  addRows(rows: readonly KeyRow[], columns: readonly string[]): Promise<readonly string[]>
  /** The ids of those that were replaced: none that was revoked here, or is as new as the row. */
  replaceRows(rows: readonly KeyRow[], columns: readonly string[]): Promise<readonly string[]>
  /** Of keys that are the same here: what was spent of their uses, where the row tells of more. */
  keepUses(rows: readonly KeyRow[]): Promise<void>
}
