/** Archives of keys: written as a stream, a page at a time. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Actor } from '../imports/import.ts'
import { isOwnerId } from '../keys/key.ts'
import type { AuditRecord } from '../keys/trail.ts'
import { createArchiveWriter } from './archive.ts'
import type { ArchiveStore } from './store.ts'

export interface BackupDependencies {
  readonly store: ArchiveStore
  readonly record: (audit: AuditRecord) => Promise<void>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly environment: KeyEnvironment
}

export interface ExportTerms {
  readonly by: Actor
  /** `null`: everybody's keys. */
  readonly ownerId: string | null
  /** Takes whole lines; the next ones come when it has resolved. What it rejects with ends the export. */
  readonly write: (text: string) => Promise<void>
}

export interface Exported {
  /** Names the archive. */
  readonly file: string
  readonly keys: number
}

export interface BackupService {
  /** Every key of one moment, ended ones included, and a record that they were taken. BAD_USER_INPUT, UNAVAILABLE. */
  exportKeys(terms: ExportTerms): Promise<Exported>
}

const pageMax = 500

export function createBackup({
  store,
  record,
  keyring,
  clock,
  entropy,
  environment,
}: BackupDependencies): BackupService {
  return {
    async exportKeys({ by, ownerId, write }) {
      if (ownerId !== null && !isOwnerId(ownerId)) throw badInput({ 'input.ownerId': 'must be the id of an account' })
      const [file, at] = [newId(entropy, 'arc'), clock.now()]
      const columns = await store.columns()
      const writer = createArchiveWriter(keyring, { file, madeAt: at.toISOString(), environment, columns })
      let keys = 0
      await write(`${writer.head}\n`)
      await store.eachPage({ ownerId, pageMax }, async (rows) => {
        keys += rows.length
        if (rows.length > 0) await write(rows.map((row) => `${writer.row(row)}\n`).join(''))
      })
      await write(`${writer.tail()}\n`)
      const detail = { keys: String(keys), ownerId }
      await record({
        ...by,
        ...{ id: newId(entropy, 'aud'), at, action: 'api-key.exported', target: file, outcome: 'done', detail },
      })
      return { file, keys }
    },
  }
}
