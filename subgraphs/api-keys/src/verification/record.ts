/** What is needed to judge a presented key, as every process shares it. */
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { ApiKey } from '../keys/key.ts'

export const recordOf = (key: ApiKey): ApiKeyRecord => ({
  keyId: key.id,
  version: key.version,
  ownerId: key.ownerId,
  secretMac: Buffer.from(key.secretMac).toString('base64url'),
  pepperId: key.pepperId,
  scopes: key.scopes,
  confinement: key.confinement,
  environment: key.environment,
  expiresAtMs: key.expiresAt.getTime(),
  disabledAtMs: key.disabledAt?.getTime() ?? null,
  revokedAtMs: key.revokedAt?.getTime() ?? null,
  successorId: key.successorId,
})
