/** The archive: keys in a sealed file, one a line. Pure. */
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import {
  type ArchiveFault,
  type ArchiveKeyring,
  type ArchiveKind,
  type ArchiveNames,
  createArchiveReader as openReader,
  createArchiveWriter as openWriter,
  type ArchiveWriter as SealedWriter,
} from '@latchkey/secrets/sealed-archive'
import { z } from 'zod'

export interface ArchiveHeader extends ArchiveNames {
  readonly environment: KeyEnvironment
  /** What is known of each key, by name. */
  readonly columns: readonly string[]
}

const kind: ArchiveKind<ArchiveHeader> = {
  format: 'latchkey-api-keys/1',
  place: 'api-keys archive',
  counted: 'keys',
  header: z.strictObject({
    file: z.string(),
    madeAt: z.string(),
    environment: z.enum(['live', 'test']),
    keyring: z.string(),
    columns: z.array(z.string()),
  }),
  instead: 'a key of another system, with "externalId"',
}

export type { ArchiveKeyring }

export interface ArchiveWriter extends Omit<SealedWriter, 'row'> {
  /** The next key. */
  row(key: unknown): string
}

export function createArchiveWriter(keyring: ArchiveKeyring, header: ArchiveHeader): ArchiveWriter {
  const writer = openWriter(kind, keyring, header)
  return { ...writer, row: (key) => writer.row(JSON.stringify(key)) }
}

export type ArchiveLine =
  | { readonly kind: 'header'; readonly header: ArchiveHeader }
  | { readonly kind: 'row'; readonly line: number; readonly key: unknown }
  | { readonly kind: 'end' }
  | ArchiveFault

export interface ArchiveReader {
  /** Lines in their order, without their ends. After a fault nothing is to be read. */
  read(text: string): ArchiveLine
  /** After the last line: `null` when the archive was whole. */
  end(): ArchiveFault | null
}

/** Whether these lines are of an archive, whole or broken: what they are not, wherever one names a key of another system. */
export const isArchive = (lines: readonly string[]): boolean => !lines.some((line) => line.includes('"externalId"'))

export function createArchiveReader(keyring: ArchiveKeyring): ArchiveReader {
  const reader = openReader(kind, keyring)
  return {
    read(text) {
      const read = reader.read(text)
      // Nobody without the keyring writes a row, and we write JSON.
      return read.kind === 'row' ? { kind: 'row', line: read.line, key: JSON.parse(read.content.toString()) } : read
    },
    end: reader.end,
  }
}
