/** Archives of backups as files: there as a whole, or not at all; read a line at a time. */
import { link, open, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { type ArchiveKeyring, createArchiveReader, createArchiveWriter } from '@latchkey/secrets/sealed-archive'
import { fault, systemCode } from '../embedded/fault.ts'
import { type BackupHeader, type BackupPiece, backupKind, readPiece, writePiece } from './archive.ts'

const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)]

/** What one line holds of a table, before it is deflated. */
const chunkBytes = 131_072

export interface SealedFile {
  /** Pieces in their order; rows in chunks of any size. */
  add(piece: BackupPiece): Promise<void>
  /** Ends the archive and gives the file its name. Resolves with its size. */
  publish(): Promise<number>
  /** Leaves nothing behind of what was not published. */
  discard(): Promise<void>
}

const cannot = (what: string, file: string) => (thrown: unknown) => {
  throw fault(`${file} cannot be ${what} (${systemCode(thrown) || (thrown as Error).message}).`, thrown)
}

/** Only its owner may read it. A file of that name is not written over. */
export async function createSealedFile(
  file: string,
  keyring: ArchiveKeyring,
  header: BackupHeader,
): Promise<SealedFile> {
  const aside = `${file}.${header.file}.unfinished`
  const handle = await open(aside, 'wx', 0o600).catch(cannot('written', aside))
  const writer = createArchiveWriter(backupKind, keyring, header)
  let gathered: Buffer[] = []
  let size = 0
  const write = (line: string) => handle.appendFile(`${line}\n`)
  async function writeRows(): Promise<void> {
    if (size === 0) return
    const bytes = await deflate(Buffer.concat(gathered))
    gathered = []
    size = 0
    await write(writer.row(writePiece({ kind: 'rows', bytes })))
  }
  await write(writer.head)
  return {
    async add(piece) {
      if (piece.kind === 'rows') {
        gathered.push(piece.bytes)
        size += piece.bytes.length
        if (size >= chunkBytes) await writeRows()
        return
      }
      await writeRows()
      await write(writer.row(writePiece(piece)))
    },
    async publish() {
      await write(writer.tail())
      await handle.sync()
      const { size: bytes } = await handle.stat()
      await handle.close()
      await link(aside, file).catch(cannot('written', file))
      return bytes
    },
    async discard() {
      await handle.close().catch(() => {})
      await rm(aside, { force: true })
    },
  }
}

export interface OpenedBackup {
  readonly header: BackupHeader
  /** To be read once, to its end; rows inflated. Rejects at the first line that is not what was written there. */
  readonly pieces: AsyncGenerator<BackupPiece>
}

/** Rejects when the file is not there, is no backup, or was sealed under another keyring. */
export async function openBackup(file: string, keyring: ArchiveKeyring): Promise<OpenedBackup> {
  const handle = await open(file).catch(cannot('read', file))
  const input = handle.createReadStream({ encoding: 'utf8', highWaterMark: chunkBytes })
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  const reader = createArchiveReader(backupKind, keyring)
  const broken = (line: number, what: string) => fault(`${file}: line ${line} ${what}. Nothing was restored.`)

  async function* read(): AsyncGenerator<BackupPiece> {
    for await (const text of { [Symbol.asyncIterator]: () => lines }) {
      const line = reader.read(text)
      if (line.kind === 'fault') throw broken(line.line, line.fault)
      if (line.kind !== 'row') continue
      const piece = readPiece(line.content)
      yield piece.kind === 'rows' ? { kind: 'rows', bytes: await inflate(piece.bytes) } : piece
    }
    const missing = reader.end()
    if (missing) throw broken(missing.line, missing.fault)
  }

  const first = reader.read((await lines.next()).value ?? '')
  if (first.kind === 'header') return { header: first.header, pieces: read() }
  await handle.close()
  throw broken(1, first.kind === 'fault' ? first.fault : 'is no header')
}

/** Reads all of it and keeps nothing: whether it is whole, before anything is done with it. */
export async function requireWhole(file: string, keyring: ArchiveKeyring): Promise<BackupHeader> {
  const { header, pieces } = await openBackup(file, keyring)
  for await (const _ of pieces);
  return header
}
