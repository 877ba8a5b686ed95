/** Everything data exports need from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { DataExport } from './data-export.ts'

export interface ExportPrepared {
  readonly exportId: string
  readonly accountId: string
  /** Sealed. */
  readonly document: string
  readonly readyAt: Date
  readonly expiresAt: Date
  readonly consequences: Consequences
}

export interface DataExportStore {
  /** Begins an export unless one of the account is kept at `createdAt`: then that one, unchanged. `null`: no such account. */
  begin(begun: { readonly export: DataExport; readonly consequences: Consequences }): Promise<DataExport | null>
  /** Those of an account that are kept at `now`. */
  of(accountId: string, now: Date): Promise<readonly DataExport[]>
  /** Whether it still waits for its document. */
  isWaiting(exportId: string, now: Date): Promise<boolean>
  /** Keeps the document, once. `false`: it was there already, or nobody waits for it any more. */
  prepared(prepared: ExportPrepared): Promise<boolean>
  /** The sealed document, with the record that it was read; `null` while there is none, and when it has expired. */
  read(asked: { exportId: string; accountId: string; now: Date; record: AuditRecord }): Promise<string | null>
}
