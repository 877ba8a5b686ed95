/** `x-api-key: lk_…`: a program that acts for the owner of a key. */
import type { Clock } from '@latchkey/clock'
import { type ApiKeyPrincipal, intersectScopes } from '@latchkey/principal'
import { type KeyEnvironment, parseApiKeyText } from '@latchkey/principal/api-key-text'
import type { ApiKeyRecord, CredentialRecords, GrantsRecord } from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import type { Recogniser } from './authenticate.ts'
import { oncePerRecords } from './once-per-records.ts'
import type { LoadApiKey, LoadGrants } from './record-loaders.ts'

export interface ApiKeyDependencies {
  readonly records: CredentialRecords
  /** Asked when the records do not know the key. */
  readonly loadApiKey: LoadApiKey
  /** Asked when the records know no grants of the owner. */
  readonly loadGrants: LoadGrants
  readonly keyring: Pick<Keyring, 'macWith'>
  /** Keys of the other environment are refused. */
  readonly environment: KeyEnvironment
  readonly clock: Clock
}

const rejected = (detail: string) => new Problem('CREDENTIAL_REJECTED', detail)

/**
 * Shape, checksum and environment are judged before anybody is asked. The key's record and its owner's grants are read with
 * every request; what counts is what the key holds and its owner is still permitted.
 */
export function createApiKeyRecogniser(dependencies: ApiKeyDependencies): Recogniser {
  const { records, keyring, environment, clock, loadApiKey, loadGrants } = dependencies
  const recognise = async (text: string | readonly string[]): Promise<ApiKeyPrincipal> => {
    const parsed = typeof text === 'string' ? parseApiKeyText(text) : null
    if (typeof text !== 'string' || !parsed) throw rejected('this is not the text of a key')
    if (parsed.environment !== environment) throw rejected(`a ${parsed.environment} key does not work here`)
    const known = await records.apiKey(parsed.keyId)
    const key = known.key ?? (await loadApiKey(parsed.keyId))
    if (!key || !isTextOf(key, text, keyring)) throw rejected(`there is no key ${parsed.keyId} with this secret`)
    if (key.environment !== environment) throw rejected(`the key ${key.keyId} belongs to another environment`)
    if (key.revokedAtMs !== null) throw rejected(`the key ${key.keyId} is revoked`)
    if (typeof key.disabledAtMs === 'number') throw rejected(`the key ${key.keyId} is disabled`)
    if (key.expiresAtMs !== null && clock.now().getTime() >= key.expiresAtMs)
      throw rejected(`the key ${key.keyId} is over`)
    const grants = known.grants ?? (await loadGrants(key.ownerId))
    if (!grants?.active || grants.userId !== key.ownerId) throw rejected(`the owner of ${key.keyId} is not active`)
    return principalOf(key, grants)
  }
  return ({ 'x-api-key': text }) => (text === undefined ? null : recognise(text))
}

/** What is kept is the MAC of the whole text, under the pepper that the record names. */
function isTextOf(key: ApiKeyRecord, text: string, keyring: Pick<Keyring, 'macWith'>): boolean {
  const mac = keyring.macWith('api-key', key.pepperId, text)
  return mac !== null && sameBytes(mac, Buffer.from(key.secretMac, 'base64url'))
}

const principalOf = oncePerRecords(
  (key: ApiKeyRecord, grants: GrantsRecord): ApiKeyPrincipal => ({
    kind: 'apiKey',
    keyId: key.keyId,
    ownerId: key.ownerId,
    scopes: intersectScopes(key.scopes, grants.scopes),
    restrictions: key.restrictions,
  }),
)
