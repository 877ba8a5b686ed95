/** `restore FILE`: a backup in the place of what is there. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { dataKeysFileOf } from '../backup/backup.ts'
import { type RestoreTerms, restoreBackup } from '../backup/restore.ts'
import { type Environment, parseConfig } from '../config.ts'
import { foundationOn, openClaimedStores, readKeyring, redisPrefix, type Undo } from '../foundation.ts'
import { quiet } from '../standing-application.ts'
import { supergraphFileOf } from '../supergraph-file.ts'
import { type Command, misused, say } from './command.ts'

const options = {
  ledger: { type: 'string' },
  'without-ledger': { type: 'boolean' },
  'data-keys': { type: 'string' },
  replace: { type: 'boolean' },
  revoked: { type: 'boolean' },
} as const

/** `null` when it was called in another way than it can be. */
function readTerms(values: readonly string[]): RestoreTerms | null {
  try {
    const { values: given, positionals } = parseArgs({ args: [...values], options, allowPositionals: true })
    const [file, ...more] = positionals
    const { ledger, 'without-ledger': without = false, 'data-keys': dataKeys } = given
    if (!file || more.length > 0 || (ledger !== undefined) === without) return null
    return {
      file: resolve(file),
      dataKeysFile: resolve(dataKeys ?? dataKeysFileOf(file)),
      ledgerFile: ledger === undefined ? null : resolve(ledger),
      over: given.replace ? 'whatever is there' : 'empty',
      aftermath: given.revoked ? 'end what somebody may hold' : 'end what may have ended',
    }
  } catch {
    return null
  }
}

async function perform(terms: RestoreTerms, environment: Environment): Promise<string> {
  const config = parseConfig(environment)
  const undo: Undo[] = []
  try {
    const stores = await openClaimedStores(config, { environment, progress: quiet, undo })
    const room = {
      ...stores,
      redisPrefix,
      keyring: (await readKeyring(config)).keyring,
      supergraphSdl: readFileSync(supergraphFileOf(config), 'utf8'),
      foundation: () => foundationOn(stores, config, { progress: quiet, undo }),
    }
    return await restoreBackup(terms, room, say)
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

export const restore: Command = {
  forms: ['restore FILE (--ledger LEDGER | --without-ledger) [--data-keys FILE] [--replace] [--revoked]'],
  purpose:
    'Puts a backup into an empty database, or with --replace in the place of what is there, while no process runs: all of it, ' +
    'or nothing. Erases again whom the newest ledger names, ends every session, and shows that somebody can sign in and use a key. ' +
    'With --revoked API keys are disabled until their owners rotate or enable them, and recovery codes and links are void.',
  async run(values, environment) {
    const terms = readTerms(values)
    if (!terms) throw misused(restore)
    return perform(terms, environment)
  },
}
