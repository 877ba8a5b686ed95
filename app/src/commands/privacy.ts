/** `erase-user`, `erasures`, `identifiers`, `data-keys`: people who are erased, and the keys that protect the others. */
import { resolve } from 'node:path'
import { type Environment, parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused, say } from './command.ts'

/** Of the process that runs on the data folder, else of an application that is opened for it. */
async function perform(name: string, values: readonly string[], environment: Environment): Promise<string> {
  const config = parseConfig(environment)
  const answer = await askRunningProcess(config.dataDir, [name, ...values], say)
  if (answer !== null) return answer
  return withApplication(config, environment, async ({ privacy, rotation }) => {
    const [act, telling] = [privacy[name], rotation[name]]
    if (act) return act(...values)
    if (telling) return telling(say, ...values)
    throw new Error(`there is no command ${name}`)
  })
}

export const eraseUser: Command = {
  forms: ['erase-user EMAIL|ID'],
  purpose: 'Erases an account at once and for ever: everything that says whose it was, in every subgraph.',
  async run([who, ...more], environment) {
    if (!who || more.length > 0) throw misused(eraseUser)
    return perform('erase-user', [who], environment)
  },
}

export const erasures: Command = {
  forms: ['erasures export FILE', 'erasures replay FILE'],
  purpose:
    'Writes the ledger of erased accounts to a file, to be kept apart from the database; after a restore erases again ' +
    'whoever the old copy brought back.',
  async run([what, file, ...more], environment) {
    if ((what !== 'export' && what !== 'replay') || !file || more.length > 0) throw misused(erasures)
    return perform(`erasures ${what}`, [resolve(file)], environment)
  },
}

export const identifiers: Command = {
  forms: ['identifiers reindex', 'identifiers reindex --retire KEY-ID'],
  purpose:
    'Writes what accounts are found by under the newest key of the blind index; removes the rows of a key that the ' +
    'keyring no longer holds. It can be called again whenever it was cut short.',
  async run([what, flag, keyId, ...more], environment) {
    const isPlain = flag === undefined
    if (what !== 'reindex' || more.length > 0 || !(isPlain || (flag === '--retire' && keyId)))
      throw misused(identifiers)
    return perform('identifiers reindex', keyId ? [keyId] : [], environment)
  },
}

export const dataKeys: Command = {
  forms: ['data-keys reseal'],
  purpose:
    'Seals every data key under the newest version of the keyring. It can be called again whenever it was cut short.',
  async run(values, environment) {
    if (values.join(' ') !== 'reseal') throw misused(dataKeys)
    return perform('data-keys reseal', [], environment)
  },
}
