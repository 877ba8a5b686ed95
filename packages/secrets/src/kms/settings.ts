/** Key management as an environment says it. */
import { z } from 'zod'
import type { KeyManagement } from './key-management.ts'
import { parseTransitKey, vaultTransit } from './vault-transit.ts'

export { isAway, type KeyManagement } from './key-management.ts'

const urlError =
  'must be like vault+https://vault.internal:8200/transit/latchkey; without TLS only on this machine: vault+http://127.0.0.1:8200/transit/latchkey'

export const kmsVariables = {
  /** Who unwraps the keyring; nobody unless set. */
  LATCHKEY_KMS_URL: z
    .string()
    .refine((text) => parseTransitKey(text) !== null, { error: urlError })
    .optional(),
  /** What lets us in there. */
  LATCHKEY_KMS_TOKEN_FILE: z.string().min(1).optional(),
}

export interface KmsSettings {
  readonly LATCHKEY_KMS_URL?: string | undefined
  readonly LATCHKEY_KMS_TOKEN_FILE?: string | undefined
}

/** `null`: there is none, and the keyring is a plain file. @throws Error when the address is none. */
export function keyManagementOf({ LATCHKEY_KMS_URL: url, LATCHKEY_KMS_TOKEN_FILE }: KmsSettings): KeyManagement | null {
  if (!url) return null
  const at = parseTransitKey(url)
  if (!at) throw new Error(`LATCHKEY_KMS_URL ${urlError}`)
  return vaultTransit({ at, tokenFile: LATCHKEY_KMS_TOKEN_FILE || undefined })
}
