/**
 * The archive: keys in a file, newline-delimited JSON, sealed and signed line by line under the keyring. Pure.
 *
 *     {"format":"latchkey-api-keys/1","file":…,"madeAt":…,"environment":…,"keyring":…,"columns":[…],"mac":…}
 *     {"line":2,"sealed":…}          AES-256-GCM; associated data names the file and the line
 *     {"keys":…,"chain":…}           how many, and a MAC over every line before it
 *
 * A line has exactly one writing, so no byte of it can be another one.
 */
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import { z } from 'zod'

const archiveFormat = 'latchkey-api-keys/1'
const purpose = 'data'

export type ArchiveKeyring = Pick<Keyring, 'seal' | 'open' | 'mac' | 'macWith' | 'keyIds'>

export interface ArchiveHeader {
  /** Names the file for ever. */
  readonly file: string
  /** RFC 3339. */
  readonly madeAt: string
  readonly environment: KeyEnvironment
  /** What is known of each key, by name. */
  readonly columns: readonly string[]
}

export interface ArchiveWriter {
  readonly head: string
  /** The next key. */
  row(key: unknown): string
  tail(): string
}

const associated = (file: string, line: number) => `api-keys archive ${file} line ${line}`

/** Tells keyrings apart, and says nothing of what is in them. */
const fingerprintWith = (keyring: ArchiveKeyring, version: string): string =>
  keyring.macWith(purpose, version, 'latchkey api-keys archive keyring')?.toString('base64url').slice(0, 12) ?? ''

const macOf = (keyring: ArchiveKeyring, text: string): string => {
  const { keyId, mac } = keyring.mac(purpose, text)
  return `${keyId}.${mac.toString('base64url')}`
}

function isMacOf(keyring: ArchiveKeyring, written: string, text: string): boolean {
  const dot = written.indexOf('.')
  const mac = keyring.macWith(purpose, written.slice(0, dot), text)
  return mac !== null && sameBytes(Buffer.from(written.slice(dot + 1)), Buffer.from(mac.toString('base64url')))
}

/** Each line is bound to all before it. */
const linked = (keyring: ArchiveKeyring, chain: string, text: string): string => {
  const version = chain.slice(0, chain.indexOf('.'))
  const mac = keyring.macWith(purpose, version, `${chain}\n${text}`)
  if (!mac) throw new Error(`the keyring holds no secret ${version}`)
  return `${version}.${mac.toString('base64url')}`
}

export function createArchiveWriter(keyring: ArchiveKeyring, header: ArchiveHeader): ArchiveWriter {
  const { file, madeAt, environment, columns } = header
  const fingerprint = fingerprintWith(keyring, keyring.keyIds(purpose)[0] ?? '')
  const signed = { format: archiveFormat, file, madeAt, environment, keyring: fingerprint, columns }
  const head = JSON.stringify({ ...signed, mac: macOf(keyring, JSON.stringify(signed)) })
  let chain = macOf(keyring, head)
  let line = 1
  return {
    head,
    row(key) {
      line += 1
      const text = JSON.stringify({ line, sealed: keyring.seal(purpose, JSON.stringify(key), associated(file, line)) })
      chain = linked(keyring, chain, text)
      return text
    },
    tail: () => JSON.stringify({ keys: line - 1, chain }),
  }
}

export type ArchiveLine =
  | { readonly kind: 'header'; readonly header: ArchiveHeader }
  | { readonly kind: 'row'; readonly line: number; readonly key: unknown }
  | { readonly kind: 'end' }
  /** What is wrong; nothing behind it can be trusted. */
  | { readonly kind: 'fault'; readonly line: number; readonly fault: string }

export interface ArchiveReader {
  /** Lines in their order, without their ends. After a fault nothing is to be read. */
  read(text: string): ArchiveLine
  /** After the last line: `null` when the archive was whole. */
  end(): Extract<ArchiveLine, { kind: 'fault' }> | null
}

const headerForm = z.strictObject({
  format: z.literal(archiveFormat),
  file: z.string(),
  madeAt: z.string(),
  environment: z.enum(['live', 'test']),
  keyring: z.string(),
  columns: z.array(z.string()),
  mac: z.string(),
})
const rowForm = z.strictObject({ line: z.number(), sealed: z.string() })
const tailForm = z.strictObject({ keys: z.number(), chain: z.string() })

/** The object, when the text is its one writing. */
function exactly<Value>(form: z.ZodType<Value>, text: string): Value | null {
  try {
    const { data } = form.safeParse(JSON.parse(text))
    return data !== undefined && JSON.stringify(data) === text ? data : null
  } catch {
    return null
  }
}

/** Base64url can be written in more than one way: bits that count for nothing, signs that are passed over. */
const isCanonical = (sealed: string): boolean =>
  sealed
    .split('.')
    .slice(1)
    .every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)

/** Whether these lines are of an archive, whole or broken: what they are not, wherever one names a key of another system. */
export const isArchive = (lines: readonly string[]): boolean => !lines.some((line) => line.includes('"externalId"'))

const altered = 'is not what was written there: it was changed, moved or added, or comes from another file'

export function createArchiveReader(keyring: ArchiveKeyring): ArchiveReader {
  let header: ArchiveHeader | null = null
  let chain = ''
  let line = 0
  let state: 'open' | 'ended' = 'open'
  const faulty = (fault: string) => ({ kind: 'fault', line, fault }) as const

  function readHeader(text: string): ArchiveLine {
    const written = exactly(headerForm, text)
    if (!written)
      return faulty(
        `must be the header of an archive of the format ${archiveFormat}, unchanged; or a key of another system, with "externalId"`,
      )
    const { mac, ...signed } = written
    if (!keyring.keyIds(purpose).some((version) => fingerprintWith(keyring, version) === signed.keyring))
      return faulty(
        `the archive was sealed under another keyring (${signed.keyring.slice(0, 12)}), or this line was changed`,
      )
    if (!isMacOf(keyring, mac, JSON.stringify(signed))) return faulty('the header was changed')
    const { file, madeAt, environment, columns } = signed
    // Under the version that the header was signed with, which may be an older one by now.
    chain = linkedTo(keyring, mac, text)
    header = { file, madeAt, environment, columns }
    return { kind: 'header', header }
  }

  function readRow({ file }: ArchiveHeader, text: string): ArchiveLine {
    const tail = exactly(tailForm, text)
    if (tail) return readTail(tail)
    const row = exactly(rowForm, text)
    if (!row || !isCanonical(row.sealed)) return faulty(altered)
    if (row.line !== line) return faulty(`is line ${row.line} of the archive: lines were removed, added or moved`)
    const key = opened(keyring, row.sealed, associated(file, line))
    if (key === undefined) return faulty(altered)
    chain = linked(keyring, chain, text)
    return { kind: 'row', line, key }
  }

  function readTail(tail: z.infer<typeof tailForm>): ArchiveLine {
    if (tail.keys !== line - 2) return faulty(`the archive holds ${tail.keys} keys, and ${line - 2} are here`)
    if (!sameBytes(Buffer.from(tail.chain), Buffer.from(chain))) return faulty(altered)
    state = 'ended'
    return { kind: 'end' }
  }

  return {
    read(text) {
      line += 1
      if (state === 'ended') return faulty('follows the end of the archive')
      return header ? readRow(header, text) : readHeader(text)
    },
    end() {
      if (state === 'ended') return null
      line += 1
      return faulty('the archive is cut short: its last line is missing')
    },
  }
}

/** The first link, under the same version as a MAC that was found right. */
const linkedTo = (keyring: ArchiveKeyring, mac: string, text: string): string => {
  const version = mac.slice(0, mac.indexOf('.'))
  return `${version}.${keyring.macWith(purpose, version, text)?.toString('base64url') ?? ''}`
}

function opened(keyring: ArchiveKeyring, sealed: string, place: string): unknown {
  try {
    return JSON.parse(keyring.open(purpose, sealed, place).toString())
  } catch {
    return undefined
  }
}
