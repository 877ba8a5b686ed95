/** Takes in an archive of ours: line by line for as long as each is what was written there. */
import type { Clock } from '@latchkey/clock'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import type { Keyring } from '@latchkey/secrets'
import { type ImportMode, type Intake, type NumberedLine, type RowReport, refused } from '../imports/import.ts'
import type { ImportRoom } from '../imports/store.ts'
import { type ArchiveHeader, type ArchiveReader, createArchiveReader } from './archive.ts'
import { type ArchivedKey, keyRow } from './restore.ts'
import { restoreBatch } from './restore-batch.ts'
import type { Columns, KeyRow } from './store.ts'

interface IntakeDependencies {
  readonly keyring: Keyring
  readonly clock: Clock
  readonly environment: KeyEnvironment
}

interface ReadLines {
  readonly rows: readonly ArchivedKey[]
  readonly header: ArchiveHeader | null
  readonly fault: RowReport | null
}

function readLines(reader: ArchiveReader, lines: readonly NumberedLine[]): ReadLines {
  const rows: ArchivedKey[] = []
  let header: ArchiveHeader | null = null
  for (const { line, text } of lines) {
    const read = reader.read(text)
    if (read.kind === 'fault') return { rows, header, fault: refused(line, read.fault) }
    if (read.kind === 'header') header = read.header
    if (read.kind !== 'row') continue
    const row = archivedKey(line, read.key)
    if (!row) return { rows, header, fault: refused(line, 'is no key of this format') }
    rows.push(row)
  }
  return { rows, header, fault: null }
}

function archivedKey(line: number, given: unknown): ArchivedKey | null {
  const { data } = keyRow.safeParse(given)
  if (!data) return null
  const { key, ...beside } = data
  return { line, key, ...present(beside) }
}

/** What is left out stands for nothing, and is not there. */
const present = (beside: { readonly [Part in keyof KeyRow]?: Columns | undefined }): Omit<KeyRow, 'key'> =>
  Object.fromEntries(Object.entries(beside).filter(([, columns]) => columns !== undefined))

async function faultOfHeader(
  { columns, environment }: ArchiveHeader,
  room: ImportRoom,
  here: KeyEnvironment,
): Promise<RowReport | null> {
  const known = await room.columns()
  const unknown = columns.find((column) => !known.includes(column))
  if (unknown !== undefined)
    return refused(1, `comes from a newer Latchkey, which knows ${unknown} of a key: update first`)
  return environment === here ? null : refused(1, `holds ${environment} keys, and this installation has ${here} keys`)
}

export function archiveIntake(
  room: ImportRoom,
  mode: ImportMode,
  { keyring, clock, environment }: IntakeDependencies,
): Intake {
  const reader = createArchiveReader(keyring)
  let opened: ArchiveHeader | null = null
  return {
    async take(lines) {
      const { rows, header, fault: broken } = readLines(reader, lines)
      opened ??= header
      const fault = (header && (await faultOfHeader(header, room, environment))) ?? broken
      if (!opened || (fault && fault.line === 1))
        return { reports: fault ? [fault] : [], changes: [], integrity: 'broken' }
      const { file, columns } = opened
      const restored = await restoreBatch(rows, { room, keyring, now: clock.now(), file, columns, mode })
      if (!fault) return { ...restored, integrity: 'whole' }
      return { reports: [...restored.reports, fault], changes: [], integrity: 'broken' }
    },
    end() {
      const fault = reader.end()
      return fault ? [refused(fault.line, fault.fault)] : []
    },
  }
}
