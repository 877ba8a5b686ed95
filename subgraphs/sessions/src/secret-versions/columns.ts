/** Where Sessions keeps what was made with a secret. */
import type { SecretColumn } from '@latchkey/secret-versions'
import { addressPlace } from '../login-attempts/login-attempt.ts'
import { privateKeyPlace } from '../signing-keys/signing-key.ts'

const prefix = (column: string) => `CASE WHEN ${column} LIKE '%.%' THEN split_part(${column}, '.', 1) ELSE '' END`

export const secretColumns: readonly SecretColumn[] = [
  {
    ...{ kind: 'sealed', purpose: 'signing-key', name: 'sessions.signing_keys.sealed_private_key' },
    ...{ id: 'kid', idType: 'text', place: privateKeyPlace },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'sessions.sign_in_attempts.sealed_address' },
    ...{ id: 'id', idType: 'text', place: addressPlace },
  },
  { kind: 'named', purpose: 'data', name: 'sessions.audit_heads.key_id' },
  // What was typed is not kept, so it cannot be indexed anew: attempts are found by it for as long as they are kept.
  {
    ...{ kind: 'named', purpose: 'identifier', name: 'sessions.sign_in_attempts.identifier_index' },
    ...{ version: prefix('identifier_index'), needed: `at > $2::timestamptz - interval '90 days'` },
  },
  {
    ...{ kind: 'named', purpose: 'identifier', name: 'sessions.sign_in_attempts.network_index' },
    ...{ version: prefix('network_index'), needed: `at > $2::timestamptz - interval '1 day'` },
  },
  {
    ...{ kind: 'named', purpose: 'identifier', name: 'sessions.sign_in_unlocks.subject' },
    ...{ version: prefix('subject'), needed: `at > $2::timestamptz - interval '1 day'` },
  },
]
