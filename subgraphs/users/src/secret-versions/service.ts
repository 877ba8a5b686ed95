/** Versions of secrets in Users: what is sealed is sealed anew, and what people are found by is indexed anew. */
import { createSecretVersions, type SecretVersions, type SecretVersionsDependencies } from '@latchkey/secret-versions'
import type { Keyring } from '@latchkey/secrets'
import { openRegistration } from '../accounts/registration-seal.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { KeyRotation } from '../key-rotation/service.ts'
import { secretColumns } from './columns.ts'
import type { RegistrationIndexStore } from './store.ts'

export interface UsersSecretVersionsDependencies extends Omit<SecretVersionsDependencies, 'columns'> {
  readonly store: RegistrationIndexStore
  readonly keyRotation: Pick<KeyRotation, 'reindex'>
  readonly indexer: Pick<BlindIndexer, 'newest'>
}

const batchMax = 200

async function moveRegistrations(
  keyring: Keyring,
  store: RegistrationIndexStore,
  indexer: Pick<BlindIndexer, 'newest'>,
): Promise<number> {
  const keyId = keyring.keyIds('blind-index')[0] ?? ''
  let [moved, after] = [0, '']
  for (;;) {
    const found = await store.named({ keyId, after, max: batchMax })
    const renamed = found.flatMap(({ id, personal }) => {
      const address = parseEmailAddress(openRegistration(keyring, id, personal).email)
      return address ? [{ id, ...indexer.newest(address) }] : []
    })
    if (renamed.length > 0) moved += await store.rename(renamed)
    if (found.length < batchMax) return moved
    after = found.at(-1)?.id ?? after
  }
}

export function createUsersSecretVersions(dependencies: UsersSecretVersionsDependencies): SecretVersions {
  const { store, keyRotation, indexer, keyring } = dependencies
  const versions = createSecretVersions({ ...dependencies, columns: secretColumns })
  return {
    ...versions,
    async reencrypt(purpose, terms) {
      if (purpose !== 'blind-index') return versions.reencrypt(purpose, terms)
      const { added } = await keyRotation.reindex(terms?.tell)
      return added + (await moveRegistrations(keyring, store, indexer))
    },
  }
}
