/** Hashes that other systems keep of keys: which are accepted, and what a presented text is found by. Pure; the dear ones are checked next door. */
import { createHash, createHmac } from 'node:crypto'

export const foreignFormats = ['SHA256', 'HMAC_SHA256', 'ARGON2', 'BCRYPT'] as const
export type ForeignFormat = (typeof foreignFormats)[number]

/** As it arrives in a row. */
export interface ForeignHashInput {
  readonly format: ForeignFormat
  readonly value: string
  /** HMAC_SHA256: what it was made with, base64. */
  readonly secret?: string | undefined
  /** ARGON2 and BCRYPT: how the key begins, for finding it. */
  readonly prefix?: string | undefined
}

export type ParsedForeignHash =
  | { readonly format: 'SHA256'; readonly digest: Buffer }
  | { readonly format: 'HMAC_SHA256'; readonly digest: Buffer; readonly secret: Buffer }
  | { readonly format: 'ARGON2' | 'BCRYPT'; readonly text: string; readonly prefix: string }

export interface HashFault {
  readonly fault: string
}

const digestBytes = 32
const secretBytes = { least: 16, most: 256 }
const prefixLengths = { least: 8, most: 32 }
/** What checking may cost, as whoever made the hash decided: about a fifth of a second. */
const bounds = { memoryKiB: [8, 65_536], passes: [1, 4], lanes: [1, 4], cost: [4, 12] } as const

const within = (name: keyof typeof bounds, value: number) => value >= bounds[name][0] && value <= bounds[name][1]

/** Hex, or base64 in either alphabet. */
function digestOf(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  const bytes = /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null
  return bytes?.length === digestBytes ? bytes : null
}

function secretOf(text: string | undefined): Buffer | null {
  if (text === undefined || text.length > 2 * secretBytes.most || !/^[\w+/-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= secretBytes.least && bytes.length <= secretBytes.most ? bytes : null
}

const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const argon2Form =
  /^\$argon2(?:i|d|id)\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,128}\$[A-Za-z0-9+/]{22,128}$/

function faultOfSlowHash(format: 'ARGON2' | 'BCRYPT', text: string): string | null {
  if (format === 'BCRYPT') {
    const cost = Number(bcryptForm.exec(text)?.[1] ?? 0)
    return within('cost', cost) ? null : 'must be a bcrypt hash, `$2b$12$…`, with a cost of 4 to 12'
  }
  const [, memory = '', passes = '', lanes = ''] = argon2Form.exec(text) ?? []
  const isWithin =
    within('memoryKiB', Number(memory)) && within('passes', Number(passes)) && within('lanes', Number(lanes))
  // RFC 9106 section 3.1: eight blocks for each lane at least.
  return isWithin && Number(memory) >= 8 * Number(lanes)
    ? null
    : 'must be an argon2 hash, `$argon2id$v=19$m=19456,t=2,p=1$…$…`, with at most 65536 KiB, 4 passes and 4 lanes'
}

const isPrefix = (prefix: string | undefined): prefix is string =>
  prefix !== undefined &&
  prefix.length >= prefixLengths.least &&
  prefix.length <= prefixLengths.most &&
  /^[\x21-\x7e]+$/.test(prefix) &&
  !prefix.startsWith('lk_')

export function parseForeignHash({ format, value, secret, prefix }: ForeignHashInput): ParsedForeignHash | HashFault {
  if (format === 'ARGON2' || format === 'BCRYPT') {
    const fault = faultOfSlowHash(format, value)
    if (fault !== null) return { fault }
    if (isPrefix(prefix)) return { format, text: value, prefix }
    return {
      fault: `needs \`prefix\`: how the key begins, ${prefixLengths.least} to ${prefixLengths.most} characters that no other key begins with, and that are no secret`,
    }
  }
  const digest = digestOf(value)
  if (!digest) return { fault: 'must be 32 bytes, in hex or base64' }
  if (format === 'SHA256') return { format, digest }
  const bytes = secretOf(secret)
  if (bytes) return { format, digest, secret: bytes }
  return {
    fault: `needs \`secret\`: what the HMAC was made with, ${secretBytes.least} to ${secretBytes.most} bytes in base64`,
  }
}

/** A secret with the id that it is kept under. */
export interface OpenedSecret {
  readonly id: string
  readonly secret: Buffer
}

export const lookupBySha256 = (digest: Buffer): string => `sha256:${digest.toString('hex')}`
export const lookupByHmac = (secretId: string, digest: Buffer): string => `hmac:${secretId}:${digest.toString('hex')}`
export const lookupByPrefix = (prefix: string): string => `prefix:${prefix}`
/** After the first use. */
export const lookupByMac = (pepperId: string, mac: Uint8Array): string =>
  `mac:${pepperId}:${Buffer.from(mac).toString('base64url')}`

/** Everything that a text could be found by: whoever is found by a digest has proved to be the key; by a prefix, not yet. */
export function lookupsOf(
  text: string,
  {
    secrets,
    macs,
  }: { readonly secrets: readonly OpenedSecret[]; readonly macs: readonly { keyId: string; mac: Buffer }[] },
): { readonly exact: readonly string[]; readonly byPrefix: readonly string[] } {
  const lengths = Array.from(
    { length: prefixLengths.most - prefixLengths.least + 1 },
    (_, at) => prefixLengths.most - at,
  )
  return {
    exact: [
      ...macs.map(({ keyId, mac }) => lookupByMac(keyId, mac)),
      lookupBySha256(createHash('sha256').update(text).digest()),
      ...secrets.map(({ id, secret }) => lookupByHmac(id, createHmac('sha256', secret).update(text).digest())),
    ],
    byPrefix: lengths.filter((length) => length < text.length).map((length) => lookupByPrefix(text.slice(0, length))),
  }
}
