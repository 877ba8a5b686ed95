/** `keyring …`: the secrets of an installation. */
import { resolve } from 'node:path'
import { systemEntropy as entropy } from '@latchkey/clock'
import { createKeyringFileBy, isService, type KeyringTools, sliceKeyringFile } from '@latchkey/secrets/file'
import { keyManagementOf } from '@latchkey/secrets/kms'
import { type Environment, parseConfig } from '../config.ts'
import { fault } from '../embedded/fault.ts'
import { readKeyring } from '../foundation.ts'
import { type Command, misused } from './command.ts'

type Act = (values: readonly string[], environment: Environment) => Promise<string>

/** No other setting has to be right to make a keyring. */
const toolsIn = (environment: Environment): KeyringTools => ({ entropy, kms: keyManagementOf(environment) })

async function create([file = '']: readonly string[], environment: Environment): Promise<string> {
  const tools = toolsIn(environment)
  await createKeyringFileBy(resolve(file), tools)
  const wrapped = tools.kms ? ` It is wrapped by ${tools.kms.name}, without which nobody reads it.` : ''
  return `${file} holds new secrets. Keep a copy apart from the database: what is sealed cannot be read without it.${wrapped}`
}

async function slice([file = '', service = '', newFile = '']: readonly string[], environment: Environment) {
  await sliceKeyringFile(resolve(file), service, resolve(newFile), toolsIn(environment))
  return `${newFile} holds what ${service} needs.`
}

/** What another team's subgraph is given, so that it trusts the gateway: SPKI, base64. */
async function publicKey([service = '']: readonly string[], environment: Environment): Promise<string> {
  if (!isService(service)) throw fault(`There is no service ${service}.`)
  const { [service]: key } = (await readKeyring(parseConfig(environment))).publicKeys(service)
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
