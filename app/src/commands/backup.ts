/** `backup FILE`: a copy of the database, sealed. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { writeBackup } from '../backup/backup.ts'
import { type Environment, parseConfig } from '../config.ts'
import { openClaimedStores, readKeyring, type Undo } from '../foundation.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { quiet } from '../standing-application.ts'
import { supergraphFileOf } from '../supergraph-file.ts'
import { type Command, misused, say } from './command.ts'

async function writeFromHere(file: string, environment: Environment): Promise<string> {
  const config = parseConfig(environment)
  const undo: Undo[] = []
  try {
    const { databaseUrl } = await openClaimedStores(config, { environment, progress: quiet, undo })
    const { keyring } = await readKeyring(config)
    const supergraphSdl = readFileSync(supergraphFileOf(config), 'utf8')
    return await writeBackup({ databaseUrl, keyring, supergraphSdl, clock, entropy }, file, say)
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

export const backup: Command = {
  forms: ['backup FILE'],
  purpose:
    'Writes the database as it is at this moment, sealed under the keyring, into a new file; and into FILE.data-keys what ' +
    'personal data is read with, to be kept apart and for a shorter time. It may run while everything is served.',
  async run([named, ...more], environment) {
    if (!named || more.length > 0) throw misused(backup)
    const file = resolve(named)
    const { dataDir } = parseConfig(environment)
    return (await askRunningProcess(dataDir, ['backup', file], say)) ?? writeFromHere(file, environment)
  },
}
