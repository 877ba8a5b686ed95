/** `secrets wrap`: the keyring's file is sealed under a key that only key management unwraps, for the first time or anew. */
import { wrapKeyringFile, wrappingOf } from '@latchkey/secrets/file'
import { fault } from '../embedded/fault.ts'
import type { SecretsDependencies } from './counts.ts'

type FileTools = Pick<SecretsDependencies, 'keyringFile' | 'entropy' | 'kms'>

/** What was written over may still be on the medium. */
const afterPlain =
  'The plain file is gone from its folder; its blocks, copies and backups are not: keep one copy apart and locked away, destroy the others, ' +
  'or rotate all secrets now. Bring the parts of the services where they are read (keyring slice makes them wrapped).'

export async function wrapSecrets({ keyringFile, entropy, kms }: FileTools): Promise<string> {
  if (!kms)
    throw fault(
      'There is no key management: set LATCHKEY_KMS_URL, like vault+https://vault.internal:8200/transit/latchkey.',
    )
  const file = keyringFile()
  try {
    const before = wrappingOf(file)
    await wrapKeyringFile(file, { entropy, kms })
    const done = `${file} is wrapped by ${kms.name} (${wrappingOf(file)}).`
    return before === null ? `${done} ${afterPlain}` : `${done} It was under ${before}.`
  } catch (thrown) {
    throw fault(`${(thrown as Error).message}. Nothing was changed.`, thrown)
  }
}
