/** Identifiers in Postgres: parts of the statements that look them up and write them. */
import type { IdentifierKind } from './blind-index.ts'

export interface AskedIdentifier {
  readonly kind: IdentifierKind
  /** The parameters with keys and MACs (`macColumns`) under every key of the index. */
  readonly keyIds: `$${number}`
  readonly macs: `$${number}`
}

/** The ids of the accounts that an identifier names: one at most. */
export const accountByIdentifier = ({ kind, keyIds, macs }: AskedIdentifier): string =>
  `SELECT i.account_id FROM users.identifiers i
   WHERE i.kind = '${kind}' AND (i.key_id, i.mac) IN (SELECT * FROM unnest(${keyIds}::text[], ${macs}::text[])) LIMIT 1`

/** A row for each key, for every account of the CTE `of` (column `account_id`). One that is taken fails the statement (23505). */
export const insertIdentifiers = ({ kind, keyIds, macs }: AskedIdentifier, of: string): string =>
  `INSERT INTO users.identifiers (kind, key_id, mac, account_id)
   SELECT '${kind}', given.key_id, given.mac, ${of}.account_id
   FROM ${of}, unnest(${keyIds}::text[], ${macs}::text[]) AS given (key_id, mac)`
