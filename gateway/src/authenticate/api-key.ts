/** `x-api-key: lk_…`: a program that acts for the owner of a key. */
import { hash } from 'node:crypto'
import type { Clock } from '@latchkey/clock'
import { intersectScopes } from '@latchkey/principal'
import { type KeyEnvironment, parseApiKeyText } from '@latchkey/principal/api-key-text'
import {
  type ApiKeyRecord,
  type CredentialRecords,
  type GrantsRecord,
  isActiveAt,
} from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import type { Caller } from '../pipeline.ts'
import type { Recogniser } from './authenticate.ts'
import type { ForeignKeyIds } from './foreign-keys.ts'
import type { RenewKey } from './key-renewal.ts'
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
  /** Asked for a text that is not of our form. */
  readonly foreignKeyIdOf: ForeignKeyIds
  /** Told of each key whose text was found right. */
  readonly renewKey: RenewKey
}

const rejected = (detail: string) => new Problem('CREDENTIAL_REJECTED', detail)

/**
 * Shape, checksum and environment are judged before anybody is asked. The key's record and its owner's grants are read with
 * every request; what counts is what the key holds and its owner is still permitted. The MAC is made once for a record and
 * remembered for as long as the record stays what it is.
 */
export function createApiKeyRecogniser(dependencies: ApiKeyDependencies): Recogniser {
  const { records, environment, clock, loadApiKey, loadGrants, foreignKeyIdOf, renewKey } = dependencies
  const isTextOf = createProof(dependencies)
  const recognise = async (text: string | readonly string[]): Promise<Caller> => {
    const parsed = typeof text === 'string' ? parseApiKeyText(text) : null
    if (typeof text !== 'string') throw rejected('this is not the text of a key')
    const keyId = parsed?.keyId ?? (await foreignKeyIdOf(text))
    if (keyId === null) throw rejected('this is not the text of a key')
    if (parsed && parsed.environment !== environment) throw rejected(`a ${parsed.environment} key does not work here`)
    const known = await records.apiKey(keyId)
    const key = known.key ?? (await loadApiKey(keyId))
    if (!key || !isTextOf(key, text)) throw rejected(`there is no key ${keyId} with this secret`)
    renewKey(key, text)
    if (key.environment !== environment) throw rejected(`the key ${key.keyId} belongs to another environment`)
    if (key.revokedAtMs !== null) throw rejected(`the key ${key.keyId} is revoked`)
    if (typeof key.disabledAtMs === 'number') throw rejected(`the key ${key.keyId} is disabled`)
    const nowMs = clock.now().getTime()
    if (key.expiresAtMs !== null && nowMs >= key.expiresAtMs) throw rejected(`the key ${key.keyId} is over`)
    const grants = known.grants ?? (await loadGrants(key.ownerId))
    if (!grants || !isActiveAt(grants, nowMs) || grants.userId !== key.ownerId)
      throw rejected(`the owner of ${key.keyId} is not active`)
    if (grants.keysDoubted) throw rejected(`keys of the owner of ${key.keyId} are in doubt`)
    return callerOf(key, grants)
  }
  return ({ 'x-api-key': text }) => (text === undefined ? null : recognise(text))
}

/** What is kept is the MAC of the whole text, under the pepper that the record names. */
function createProof({ keyring }: Pick<ApiKeyDependencies, 'keyring'>) {
  // By record, and a record that was read anew and changed is another one. A digest, so that no key's text stays in memory;
  // how far two digests agree says nothing of what they are of, so they need no comparison in constant time.
  const proven = new WeakMap<ApiKeyRecord, string>()
  return (key: ApiKeyRecord, text: string): boolean => {
    const digest = hash('sha256', text, 'base64url')
    if (proven.get(key) === digest) return true
    const mac = keyring.macWith('api-key', key.pepperId, text)
    if (mac === null || !sameBytes(mac, Buffer.from(key.secretMac, 'base64url'))) return false
    proven.set(key, digest)
    return true
  }
}

const callerOf = oncePerRecords((key: ApiKeyRecord, grants: GrantsRecord) => {
  const { keyId, ownerId, confinement = {} } = key
  const scopes = intersectScopes(key.scopes, grants.scopes)
  return { key, principal: { kind: 'apiKey', keyId, ownerId, scopes, restrictions: confinement.resources ?? [] } }
})
