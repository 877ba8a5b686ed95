/** One-time tokens in Postgres: parts of the statements that make and use them. */
import type { KeptToken } from './one-time-token.ts'

export const tokenColumns = [
  'id',
  'purpose',
  'subject_id',
  'email_index_key_id',
  'email_index',
  'mac_key_id',
  'mac',
  'payload',
  'code_mac',
  'created_at',
  'expires_at',
]

export const tokenRow = (token: KeptToken): Record<string, unknown> => ({
  id: token.id,
  purpose: token.purpose,
  subject_id: token.subjectId,
  email_index_key_id: token.emailIndex.keyId,
  email_index: token.emailIndex.mac,
  mac_key_id: token.mac.keyId,
  mac: token.mac.mac,
  payload: token.payload ?? null,
  code_mac: token.codeMac ?? null,
  created_at: token.createdAt,
  expires_at: token.expiresAt,
})

export interface ShownToken {
  /** The parameters with the keys and MACs that `possibleMacs` found (`macColumns`). */
  readonly keyIds: `$${number}`
  readonly macs: `$${number}`
  readonly purpose: `$${number}`
  readonly now: `$${number}`
}

const isShown = ({ keyIds, macs, purpose, now }: ShownToken) =>
  `(t.mac_key_id, t.mac) IN (SELECT * FROM unnest(${keyIds}::text[], ${macs}::text[]))
   AND t.purpose = ${purpose} AND t.consumed_at IS NULL AND t.expires_at > ${now}`

/**
 * Uses a token: of any number of statements at once, one gets its row (`id`, `subject_id`, `email_index`, `payload`).
 * `provided` is a condition on the token `t` besides.
 */
export const consumeToken = (shown: ShownToken, provided = 'true'): string =>
  `UPDATE users.one_time_tokens t SET consumed_at = ${shown.now} WHERE ${isShown(shown)} AND ${provided}
   RETURNING t.id, t.subject_id, t.email_index_key_id, t.email_index, t.payload`

/** Looks at a token without using it, for what has to be known before the change is made. */
export const peekToken = (shown: ShownToken): string =>
  `SELECT t.id, t.subject_id AS "subjectId", t.email_index_key_id AS "keyId", t.email_index AS mac FROM users.one_time_tokens t WHERE ${isShown(shown)}`
