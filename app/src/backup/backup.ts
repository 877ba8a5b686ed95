/** Writes a backup: the database of one moment, sealed; and its data keys in a file of their own. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { type Snapshot, type Table, withSnapshot } from '@latchkey/prisma/snapshot'
import { type Keyring, purposes } from '@latchkey/secrets'
import type { Foundation } from '../foundation.ts'
import type { Say } from '../operator-socket.ts'
import { supergraphFileOf } from '../supergraph-file.ts'
import type { BackupHeader } from './archive.ts'
import { createSealedFile, type SealedFile } from './sealed-file.ts'

export interface BackupTerms {
  readonly databaseUrl: string
  readonly keyring: Keyring
  readonly supergraphSdl: string
  readonly clock: Clock
  readonly entropy: Entropy
}

/** Of a process that runs. */
export const backupTermsOf = (foundation: Foundation): BackupTerms => ({
  ...foundation,
  keyring: foundation.secrets.keyring,
  supergraphSdl: readFileSync(supergraphFileOf(foundation.config), 'utf8'),
})

/** Where the data keys of a backup are, unless they are named. */
export const dataKeysFileOf = (file: string): string => `${file}.data-keys`

export const dataKeysTable = 'users.data_keys'

export const supergraphDigest = (sdl: string): string => createHash('sha256').update(sdl).digest('hex')

export const keyIdsIn = (keyring: Keyring): readonly string[] =>
  purposes.flatMap((purpose) => keyring.keyIds(purpose).map((id) => `${purpose}/${id}`))

interface Written {
  readonly rows: number
  readonly bytes: number
}

async function writeTables(
  sealed: SealedFile,
  { copy }: Snapshot,
  tables: readonly Table[],
  say: Say,
): Promise<number> {
  let total = 0
  for (const table of tables) {
    for await (const piece of copy(table)) {
      await sealed.add(piece)
      if (piece.kind !== 'end') continue
      total += piece.rows
      say(`${table.name}: ${piece.rows} rows`)
    }
  }
  return total
}

type Said = Pick<BackupHeader, 'madeAt' | 'supergraph' | 'keyIds'>

/** `file` is there afterwards as a whole, or not at all; a file of that name is not written over. */
export function writeBackup(terms: BackupTerms, file: string, say: Say): Promise<string> {
  const { databaseUrl, keyring, supergraphSdl, clock, entropy } = terms
  return withSnapshot(databaseUrl, async (snapshot) => {
    const { facts } = snapshot
    const said: Said = {
      madeAt: clock.now().toISOString(),
      supergraph: supergraphDigest(supergraphSdl),
      keyIds: keyIdsIn(keyring),
    }
    async function write(path: string, contents: BackupHeader['contents']): Promise<Written> {
      const tables = facts.tables.filter(({ name }) => (name === dataKeysTable) === (contents === 'data-keys'))
      const header = { ...said, file: newId(entropy, 'bak'), contents, snapshot: { ...facts, tables } }
      const sealed = await createSealedFile(path, keyring, header)
      try {
        const rows = await writeTables(sealed, snapshot, tables, say)
        return { rows, bytes: await sealed.publish() }
      } finally {
        await sealed.discard()
      }
    }
    // First, so that whoever finds the backup finds its data keys.
    const keys = await write(dataKeysFileOf(file), 'data-keys')
    const all = await write(file, 'database')
    return [
      `${file}: ${all.rows} rows of ${said.madeAt}, ${all.bytes} bytes.`,
      `${dataKeysFileOf(file)}: ${keys.rows} data keys, ${keys.bytes} bytes. Keep it apart, for 30 days at most.`,
      'The keyring is in neither of them: keep a copy of it apart from both. Without it they cannot be read.',
    ].join('\n')
  })
}
