/** Where ApiKeys keeps what was made with a secret. */
import type { SecretColumn } from '@latchkey/secret-versions'
import { foreignSecretPlace } from '../foreign-keys/foreign-secret.ts'
import { outboxPayload } from '../keys/trail.ts'

export const secretColumns: readonly SecretColumn[] = [
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'api_keys.outbox.payload' },
    ...{ id: 'id', idType: 'bigint', place: () => outboxPayload },
  },
  {
    ...{ kind: 'sealed', purpose: 'data', name: 'api_keys.foreign_secrets.sealed' },
    ...{ id: 'id', idType: 'text', place: foreignSecretPlace },
  },
  { kind: 'named', purpose: 'data', name: 'api_keys.audit_heads.key_id' },
  // Each moves with its next use; a key that cannot work any more needs nothing.
  {
    ...{ kind: 'named', purpose: 'api-key', name: 'api_keys.api_keys.pepper_id' },
    needed: 'revoked_at IS NULL AND expires_at > $2',
  },
]
