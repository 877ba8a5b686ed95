/** `keyring create FILE`: the secrets of an installation. */
import { resolve } from 'node:path'
import { systemEntropy } from '@latchkey/clock'
import { createKeyringFile, sliceKeyringFile } from '@latchkey/secrets/file'
import { type Command, misused } from './command.ts'

export const keyring: Command = {
  forms: ['keyring create FILE', 'keyring slice FILE SERVICE NEW-FILE'],
  purpose:
    'Makes a keyring; or, from a whole one, the part that one service needs (gateway, users, sessions, api-keys).',
  async run(values) {
    const [what, file, service, newFile] = values
    if (what === 'create' && file !== undefined && values.length === 2) {
      createKeyringFile(resolve(file), systemEntropy)
      return `${file} holds new secrets. Keep a copy apart from the database: what is sealed cannot be read without it.`
    }
    if (what === 'slice' && file !== undefined && newFile !== undefined && values.length === 4) {
      sliceKeyringFile(resolve(file), service ?? '', resolve(newFile), systemEntropy)
      return `${newFile} holds what ${service} needs.`
    }
    throw misused(keyring)
  },
}
