/**
 * A sealed archive: newline-delimited JSON, sealed and signed line by line under the keyring. Pure.
 *
 *     {"format":…,"file":…,"madeAt":…,…,"keyring":…,"mac":…}
 *     {"line":2,"sealed":…}          AES-256-GCM; associated data names the file and the line
 *     {"keys":…,"chain":…}           how many rows, and a MAC over every line before it
 *
 * A line has exactly one writing, so no byte of it can be another one.
 */
import { z } from 'zod'
import { type Keyring, sameBytes } from './keyring.ts'

const purpose = 'data'

export type ArchiveKeyring = Pick<Keyring, 'seal' | 'open' | 'mac' | 'macWith' | 'keyIds'>

/** What every archive says of itself. */
export interface ArchiveNames {
  /** Names the file for ever. */
  readonly file: string
  /** RFC 3339. */
  readonly madeAt: string
}

/** One kind of archive: no archive of one is read as one of another. */
export interface ArchiveKind<Header extends ArchiveNames> {
  readonly format: string
  /** What associated data begins with. */
  readonly place: string
  /** What the last line calls the rows that it counts. */
  readonly counted: string
  /** Its members are written in their order; `keyring` tells under which keyring. */
  readonly header: z.ZodType<Header & Fingerprinted> & { readonly shape: z.ZodRawShape }
  /** What a first line may be besides, for whoever brings something else. */
  readonly instead?: string
}

interface Fingerprinted {
  readonly keyring: string
}

export interface ArchiveWriter {
  readonly head: string
  /** The next row. */
  row(content: string | Uint8Array): string
  tail(): string
}

export type ArchiveFault = {
  readonly kind: 'fault'
  readonly line: number
  /** What is wrong; nothing behind it can be trusted. */
  readonly fault: string
}

export type ArchiveLine<Header> =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'row'; readonly line: number; readonly content: Buffer }
  | { readonly kind: 'end' }
  | ArchiveFault

export interface ArchiveReader<Header> {
  /** Lines in their order, without their ends. After a fault nothing is to be read. */
  read(text: string): ArchiveLine<Header>
  /** After the last line: `null` when the archive was whole. */
  end(): ArchiveFault | null
}

const associated = ({ place }: { readonly place: string }, file: string, line: number) =>
  `${place} ${file} line ${line}`

/** Tells keyrings apart, and says nothing of what is in them. */
const fingerprintWith = (keyring: ArchiveKeyring, place: string, version: string): string =>
  keyring.macWith(purpose, version, `latchkey ${place} keyring`)?.toString('base64url').slice(0, 12) ?? ''

const macOf = (keyring: ArchiveKeyring, text: string): string => {
  const { keyId, mac } = keyring.mac(purpose, text)
  return `${keyId}.${mac.toString('base64url')}`
}

function isMacOf(keyring: ArchiveKeyring, written: string, text: string): boolean {
  const dot = written.indexOf('.')
  const mac = keyring.macWith(purpose, written.slice(0, dot), text)
  return mac !== null && sameBytes(Buffer.from(written.slice(dot + 1)), Buffer.from(mac.toString('base64url')))
}

/** A MAC under the same version as the one before it. */
const alike = (keyring: ArchiveKeyring, before: string, text: string): string => {
  const version = before.slice(0, before.indexOf('.'))
  const mac = keyring.macWith(purpose, version, text)
  if (!mac) throw new Error(`the keyring holds no secret ${version}`)
  return `${version}.${mac.toString('base64url')}`
}

/** Each line is bound to all before it. */
const linked = (keyring: ArchiveKeyring, chain: string, text: string) => alike(keyring, chain, `${chain}\n${text}`)

export function createArchiveWriter<Header extends ArchiveNames>(
  kind: ArchiveKind<Header>,
  keyring: ArchiveKeyring,
  header: Header,
): ArchiveWriter {
  const fingerprint = fingerprintWith(keyring, kind.place, keyring.keyIds(purpose)[0] ?? '')
  // Parsing puts the members into the order of their form, which is the one writing that a reader takes.
  const signed = { format: kind.format, ...kind.header.parse({ ...header, keyring: fingerprint }) }
  const head = JSON.stringify({ ...signed, mac: macOf(keyring, JSON.stringify(signed)) })
  let chain = macOf(keyring, head)
  let line = 1
  return {
    head,
    row(content) {
      line += 1
      const text = JSON.stringify({ line, sealed: keyring.seal(purpose, content, associated(kind, header.file, line)) })
      chain = linked(keyring, chain, text)
      return text
    },
    tail: () => JSON.stringify({ [kind.counted]: line - 1, chain }),
  }
}

const rowForm = z.strictObject({ line: z.number(), sealed: z.string() })

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

const altered = 'is not what was written there: it was changed, moved or added, or comes from another file'

interface SignedHeader<Header> {
  readonly header: Header
  readonly fingerprint: string
  /** As it was signed. */
  readonly text: string
  readonly mac: string
}

function parseHeader<Header extends ArchiveNames>(
  kind: ArchiveKind<Header>,
  text: string,
): SignedHeader<Header> | null {
  const form = z.strictObject({ format: z.literal(kind.format), ...kind.header.shape, mac: z.string() })
  const written = exactly<Record<string, unknown>>(form, text)
  if (!written) return null
  const { mac, ...signed } = written
  const { format: _, ...told } = signed
  const { keyring: fingerprint, ...header } = kind.header.parse(told)
  return { header: header as unknown as Header, fingerprint, text: JSON.stringify(signed), mac: String(mac) }
}

/** Throws never: what is wrong is a fault, told once. */
export function createArchiveReader<Header extends ArchiveNames>(
  kind: ArchiveKind<Header>,
  keyring: ArchiveKeyring,
): ArchiveReader<Header> {
  const tailForm = z.strictObject({ [kind.counted]: z.number(), chain: z.string() })
  let header: Header | null = null
  let chain = ''
  let line = 0
  let state: 'open' | 'ended' = 'open'
  const faulty = (fault: string) => ({ kind: 'fault', line, fault }) as const

  function readHeader(text: string): ArchiveLine<Header> {
    const written = parseHeader(kind, text)
    if (!written)
      return faulty(
        `must be the header of an archive of the format ${kind.format}, unchanged${kind.instead ? `; or ${kind.instead}` : ''}`,
      )
    const { fingerprint, mac } = written
    if (!keyring.keyIds(purpose).some((version) => fingerprintWith(keyring, kind.place, version) === fingerprint))
      return faulty(
        `the archive was sealed under another keyring (${fingerprint.slice(0, 12)}), or this line was changed`,
      )
    if (!isMacOf(keyring, mac, written.text)) return faulty('the header was changed')
    // Under the version that the header was signed with, which may be an older one by now.
    chain = alike(keyring, mac, text)
    header = written.header
    return { kind: 'header', header }
  }

  function readRow({ file }: Header, text: string): ArchiveLine<Header> {
    const tail = exactly<Record<string, string | number>>(tailForm, text)
    if (tail) return readTail(tail)
    const row = exactly(rowForm, text)
    if (!row || !isCanonical(row.sealed)) return faulty(altered)
    if (row.line !== line) return faulty(`is line ${row.line} of the archive: lines were removed, added or moved`)
    const content = opened(keyring, row.sealed, associated(kind, file, line))
    if (!content) return faulty(altered)
    chain = linked(keyring, chain, text)
    return { kind: 'row', line, content }
  }

  function readTail(tail: Readonly<Record<string, string | number>>): ArchiveLine<Header> {
    const { [kind.counted]: told } = tail
    if (told !== line - 2) return faulty(`the archive holds ${told} ${kind.counted}, and ${line - 2} are here`)
    if (!sameBytes(Buffer.from(String(tail.chain)), Buffer.from(chain))) return faulty(altered)
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

function opened(keyring: ArchiveKeyring, sealed: string, place: string): Buffer | null {
  try {
    return keyring.open(purpose, sealed, place)
  } catch {
    return null
  }
}
