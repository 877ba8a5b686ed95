/** Data exports: everything that is held of a person, put together because they asked (GDPR articles 15 and 20). */
import { hourMs } from '@latchkey/clock'

/** How long a document can be fetched; and how long a request that comes again is the same request. */
export const keptForMs = 24 * hourMs

export interface DataExport {
  readonly id: string
  readonly accountId: string
  readonly createdAt: Date
  readonly readyAt: Date | null
  readonly expiresAt: Date
}

/**
 * Holds something of a person. One for each feature: whatever keeps something about people says here how it is shown, without
 * hashes, tokens and secrets.
 */
export interface Contributor {
  /** The member of the document. */
  readonly name: string
  of(accountId: string): Promise<unknown>
}
