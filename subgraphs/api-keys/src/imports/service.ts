/** Bringing keys in from a file: an archive of ours, or rows of another system. One import at a time, all of it or nothing. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { isArchive } from '../backup/archive.ts'
import { archiveIntake } from '../backup/intake.ts'
import { createForeignImport, type ForeignImportDependencies } from '../foreign-keys/import-batch.ts'
import { type AuditRecord, outboxPayload } from '../keys/trail.ts'
import {
  type Actor,
  type Batch,
  type Bringer,
  countOutcomes,
  type ImportCounts,
  type ImportMode,
  type Intake,
  isKept,
  type KeyChange,
  type NumberedLine,
  noRows,
  type RowReport,
} from './import.ts'
import { type Bytes, linesIn } from './lines.ts'
import type { ImportRoom, ImportStore } from './store.ts'

export interface ImportDependencies extends ForeignImportDependencies {
  readonly store: ImportStore
  /** Tells every process what a key is now, from what is kept. */
  readonly tell: (keyId: string) => Promise<unknown>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly environment: KeyEnvironment
}

export interface ImportTerms {
  readonly mode: ImportMode
  readonly by: Actor
  readonly bringer: Bringer
  /** Told of the rows as they are judged. */
  readonly report: (rows: readonly RowReport[]) => void
}

export interface Imported {
  readonly counts: ImportCounts
  /** Whether anything of it stays. */
  readonly kept: boolean
}

export interface ImportService {
  /** CONFLICT while another import is under way; UNAVAILABLE. Then nothing was written. */
  importFrom(bytes: Bytes, terms: ImportTerms): Promise<Imported>
}

const rowsPerBatch = 500

export function createImports(dependencies: ImportDependencies): ImportService {
  const { store, tell, keyring, clock, entropy } = dependencies
  const importForeign = createForeignImport(dependencies)

  const foreignIntake = (room: ImportRoom, bringer: Bringer): Intake => ({
    async take(lines) {
      const rows = lines.filter(({ text }) => text.trim() !== '')
      return { ...(await importForeign(rows, room, bringer)), integrity: 'whole' }
    },
    end: () => [],
  })

  const auditOf = ({ keyId, action, detail }: KeyChange, by: Actor): AuditRecord => ({
    ...by,
    ...{ id: newId(entropy, 'aud'), at: clock.now(), action, target: keyId, outcome: 'done', detail },
  })
  const messageOf = ({ keyId, action }: KeyChange) => ({
    kind: action,
    sealedPayload: keyring.seal('data', JSON.stringify({ keyId }), outboxPayload),
    createdAt: clock.now(),
  })

  async function importInto(room: ImportRoom, bytes: Bytes, { mode, by, bringer, report }: ImportTerms) {
    let intake: Intake | null = null
    let counts = noRows
    let integrity: Batch['integrity'] = 'whole'
    const replaced: string[] = []
    for await (const lines of batchesIn(bytes)) {
      intake ??= isArchive(lines.map(({ text }) => text))
        ? archiveIntake(room, mode, dependencies)
        : foreignIntake(room, bringer)
      const batch = await intake.take(lines)
      integrity = batch.integrity
      report(batch.reports)
      counts = countOutcomes(batch.reports, counts)
      await room.record(
        batch.changes.map((change) => auditOf(change, by)),
        batch.changes.map(messageOf),
      )
      replaced.push(...batch.reports.flatMap(({ outcome, keyId }) => (outcome === 'UPDATED' && keyId ? [keyId] : [])))
      if (integrity === 'broken') break
    }
    const last = intake && integrity === 'whole' ? intake.end() : []
    report(last)
    counts = countOutcomes(last, counts)
    if (last.length > 0) integrity = 'broken'
    return { counts, kept: isKept(mode, counts, integrity), replaced }
  }

  return {
    async importFrom(bytes, terms) {
      const done = await store.alone((room) => importInto(room, bytes, terms))
      if (done === 'busy')
        throw new Problem('CONFLICT', 'an import is under way', {
          message: 'Another import is under way. Wait until it has ended.',
        })
      const { counts, kept, replaced } = done
      // Keys that are new are asked for when they are presented. The outbox tells of the others again, should this be cut short.
      if (kept) for (const keyId of replaced) await tell(keyId)
      return { counts, kept }
    },
  }
}

async function* batchesIn(bytes: Bytes): AsyncGenerator<readonly NumberedLine[]> {
  let batch: NumberedLine[] = []
  let line = 0
  for await (const text of linesIn(bytes)) {
    line += 1
    batch.push({ line, text })
    if (batch.length < rowsPerBatch) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
