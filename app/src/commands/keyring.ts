/** `keyring …`: the secrets of an installation. */
import { resolve } from 'node:path'
import { systemEntropy } from '@latchkey/clock'
import { createKeyringFile, isService, readKeyringFile, sliceKeyringFile } from '@latchkey/secrets/file'
import { type Environment, parseConfig } from '../config.ts'
import { fault } from '../embedded/fault.ts'
import { keyringFileOf } from '../foundation.ts'
import { type Command, misused } from './command.ts'

type Act = (values: readonly string[], environment: Environment) => string

function create([file = '']: readonly string[]): string {
  createKeyringFile(resolve(file), systemEntropy)
  return `${file} holds new secrets. Keep a copy apart from the database: what is sealed cannot be read without it.`
}

function slice([file = '', service = '', newFile = '']: readonly string[]): string {
  sliceKeyringFile(resolve(file), service, resolve(newFile), systemEntropy)
  return `${newFile} holds what ${service} needs.`
}

/** What another team's subgraph is given, so that it trusts the gateway: SPKI, base64. */
function publicKey([service = '']: readonly string[], environment: Environment): string {
  if (!isService(service)) throw fault(`There is no service ${service}.`)
  const { [service]: key } = readKeyringFile(keyringFileOf(parseConfig(environment)), systemEntropy).publicKeys(service)
  return key?.export({ format: 'der', type: 'spki' }).toString('base64') ?? ''
}

/** By name, with the number of values each takes. */
const acts: Readonly<Record<string, { readonly act: Act; readonly takes: number }>> = {
  create: { act: create, takes: 1 },
  slice: { act: slice, takes: 3 },
  'public-key': { act: publicKey, takes: 1 },
}

export const keyring: Command = {
  forms: ['keyring create FILE', 'keyring slice FILE SERVICE NEW-FILE', 'keyring public-key SERVICE'],
  purpose:
    'Makes a keyring; makes from a whole one the part that one service needs; shows the key others verify a service by. ' +
    'The services are gateway, users, sessions, api-keys.',
  async run([what = '', ...values], environment) {
    const found = Object.hasOwn(acts, what) ? acts[what] : undefined
    if (!found || values.length !== found.takes) throw misused(keyring)
    return found.act(values, environment)
  },
}
