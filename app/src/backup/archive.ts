/** A backup: a snapshot of the database in a sealed archive. What is in a row, and what is said in the first line. Pure. */
import type { SnapshotFacts } from '@latchkey/prisma/snapshot'
import type { ArchiveKind, ArchiveNames } from '@latchkey/secrets/sealed-archive'
import { z } from 'zod'

export interface BackupHeader extends ArchiveNames {
  /** Data keys are a file of their own: they are kept for a shorter time. */
  readonly contents: 'database' | 'data-keys'
  /** SHA-256 of the supergraph that was served: what may be asked by whom, as far as no row says it. */
  readonly supergraph: string
  /** `purpose/version` of every secret that the keyring held. */
  readonly keyIds: readonly string[]
  readonly snapshot: SnapshotFacts
}

const texts = z.array(z.string())

export const backupKind: ArchiveKind<BackupHeader> = {
  format: 'latchkey-backup/1',
  place: 'backup',
  counted: 'rows',
  header: z.strictObject({
    file: z.string(),
    madeAt: z.string(),
    contents: z.enum(['database', 'data-keys']),
    supergraph: z.string(),
    keyring: z.string(),
    keyIds: texts,
    snapshot: z.strictObject({
      migrations: z.array(z.strictObject({ name: z.string(), checksum: z.string() })),
      roles: z.string(),
      tables: z.array(z.strictObject({ name: z.string(), columns: texts })),
      partitions: z.array(z.strictObject({ name: z.string(), parent: z.string(), bound: z.string() })),
      sequences: z.array(z.strictObject({ name: z.string(), lastValue: z.string(), isCalled: z.boolean() })),
    }),
  }),
}

/** What a row of the archive holds. */
export type BackupPiece =
  | { readonly kind: 'table'; readonly table: string }
  /** Deflated. */
  | { readonly kind: 'rows'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly rows: number }

const tags = { table: 'T', rows: 'R', end: 'E' } as const

export function writePiece(piece: BackupPiece): Buffer {
  const tag = Buffer.from(tags[piece.kind])
  if (piece.kind === 'rows') return Buffer.concat([tag, piece.bytes])
  return Buffer.concat([tag, Buffer.from(piece.kind === 'table' ? piece.table : String(piece.rows))])
}

/** Of what was opened: nobody without the keyring wrote it. */
export function readPiece(content: Buffer): BackupPiece {
  const [tag, body] = [content.subarray(0, 1).toString(), content.subarray(1)]
  if (tag === tags.rows) return { kind: 'rows', bytes: body }
  return tag === tags.table ? { kind: 'table', table: body.toString() } : { kind: 'end', rows: Number(body.toString()) }
}
