/** Where Users keeps what was made with a secret. */
import type { NamedColumn, SealedColumn, SecretColumn } from '@latchkey/secret-versions'
import { keyPlace } from '../accounts/personal-data.ts'
import { registrationPlace } from '../accounts/registration-seal.ts'
import { errandPlace } from '../outbox/outbox.ts'
import { previousSecretPlace, secretPlace, urlPlace } from '../webhooks/secret.ts'

const sealed: readonly SealedColumn[] = [
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'users.data_keys.sealed_key' },
    ...{ id: 'account_id', idType: 'text', place: keyPlace },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'users.registrations.personal' },
    ...{ id: 'id', idType: 'text', place: registrationPlace },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'users.outbox.payload' },
    ...{ id: 'ref', idType: 'text', place: errandPlace },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'users.webhook_endpoints.url' },
    ...{ id: 'id', idType: 'text', place: urlPlace },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'users.webhook_endpoints.secret' },
    ...{ id: 'id', idType: 'text', place: secretPlace },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'users.webhook_endpoints.previous_secret' },
    ...{ id: 'id', idType: 'text', place: previousSecretPlace, needed: 'previous_until > $2' },
  },
]

const lives = 'expires_at > $2'
const waits = 'consumed_at IS NULL AND expires_at > $2'

/** Passwords move when somebody signs in with them; identifiers are indexed anew; whatever left by mail ends by itself. */
const named: readonly NamedColumn[] = [
  { kind: 'named', purpose: 'data', name: 'users.audit_heads.key_id' },
  { kind: 'named', purpose: 'password', name: 'users.passwords.pepper_id' },
  { kind: 'named', purpose: 'password', name: 'users.registrations.pepper_id', needed: lives },
  {
    kind: 'named',
    purpose: 'one-time-token',
    name: 'users.one_time_tokens.mac_key_id',
    needed: waits,
    over: 'removed',
  },
  { kind: 'named', purpose: 'one-time-token', name: 'users.recovery_codes.mac_key_id', needed: 'used_at IS NULL' },
  { kind: 'named', purpose: 'one-time-token', name: 'users.email_codes.mac_key_id', needed: lives, over: 'removed' },
  {
    ...{ kind: 'named', purpose: 'blind-index', name: 'users.identifiers.key_id', over: 'removed' },
    needed: `key_id <> $1 AND NOT EXISTS (SELECT FROM users.identifiers newer
      WHERE newer.account_id = r.account_id AND newer.kind = r.kind AND newer.key_id = $1)`,
  },
  { kind: 'named', purpose: 'blind-index', name: 'users.one_time_tokens.email_index_key_id', needed: waits },
  { kind: 'named', purpose: 'blind-index', name: 'users.registrations.email_index_key_id', needed: lives },
  {
    // What was counted under an older version is not looked at any more.
    ...{ kind: 'named', purpose: 'blind-index', name: 'users.mail_allowances.subject', over: 'removed' },
    ...{ version: `CASE WHEN subject LIKE '%:%:%' THEN split_part(subject, ':', 2) ELSE '' END`, needed: 'false' },
  },
]

export const secretColumns: readonly SecretColumn[] = [...sealed, ...named]
