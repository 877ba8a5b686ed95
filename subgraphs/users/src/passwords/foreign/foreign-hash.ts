/** Hashes that other systems made: which are accepted, and what they say of themselves. Pure; checking is next door. */
import { type Bytes, base64, numbersIn, withinBounds } from './hash-text.ts'

export interface BcryptHash {
  readonly scheme: 'bcrypt'
  readonly cost: number
  /** Whole, as it was given. */
  readonly text: string
}

export interface ScryptHash {
  readonly scheme: 'scrypt'
  readonly logN: number
  readonly r: number
  readonly p: number
  readonly salt: Bytes
  readonly hash: Bytes
}

export interface Pbkdf2Hash {
  readonly scheme: 'pbkdf2'
  readonly digest: 'sha1' | 'sha256' | 'sha512'
  readonly iterations: number
  readonly salt: Bytes
  readonly hash: Bytes
}

/** Firebase Authentication: what scrypt derives from password and salt encrypts the project's signer key. */
export interface FirebaseHash {
  readonly scheme: 'firebase-scrypt'
  /** The memory cost of the project: `logN` of scrypt. */
  readonly logN: number
  /** The rounds of the project: `r` of scrypt. */
  readonly r: number
  readonly salt: Bytes
  readonly hash: Bytes
  readonly saltSeparator: Bytes
  readonly signerKey: Bytes
}

export interface Argon2Hash {
  readonly scheme: 'argon2'
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
  /** Whole, as it was given. */
  readonly text: string
}

export type ForeignHash = BcryptHash | ScryptHash | Pbkdf2Hash | FirebaseHash | Argon2Hash

/** What is wrong with a text that should be a hash, for whoever wants to import it. Never quotes the text. */
export interface HashFault {
  readonly fault: string
}

/** Longer texts are not looked at. */
const textMax = 1_024

/** Checking costs time and memory that whoever imports decides: up to here. */
const bounds = {
  bcrypt: { cost: [4, 16] },
  scrypt: { logN: [1, 17], r: [1, 8], p: [1, 10] },
  pbkdf2: { iterations: [1, 10_000_000] },
  argon2: { memoryKiB: [8, 1_048_576], passes: [1, 10], lanes: [1, 16] },
} as const

const forms: readonly { readonly begins: RegExp; readonly parse: (text: string) => ForeignHash | HashFault }[] = [
  { begins: /^\$2[aby]\$/, parse: parseBcrypt },
  { begins: /^\$scrypt\$/, parse: parseScrypt },
  { begins: /^\$pbkdf2(-sha1|-sha256|-sha512)?\$/, parse: parsePbkdf2 },
  { begins: /^pbkdf2_sha(1|256|512)\$/, parse: parseDjangoPbkdf2 },
  { begins: /^\$firescrypt\$/, parse: parseFirebase },
  { begins: /^\$argon2(i|d|id)\$/, parse: parseArgon2 },
]

const accepted = 'bcrypt, scrypt, PBKDF2, Firebase scrypt (`$firescrypt$`) and argon2'

/**
 * A hash in one of the accepted forms, or what is wrong with it.
 *
 * - bcrypt `$2b$12$…` (`$2a$`, `$2y$` too): cost at most 16; it never saw more than 72 bytes of a password
 * - scrypt `$scrypt$ln=15,r=8,p=1$SALT$HASH`: N at most 2^17, r at most 8, p at most 10
 * - PBKDF2 `$pbkdf2-sha256$i=600000$SALT$HASH` (`-sha1`, `-sha512`; `$pbkdf2-sha256$600000$…` as passlib writes it), and
 *   Django's `pbkdf2_sha256$600000$salt$HASH`: at most ten million iterations, over all blocks of the hash
 * - Firebase `$firescrypt$ln=14,r=8,p=1$SALT$HASH$SEPARATOR$SIGNERKEY`: `ln` is the project's memory cost, `r` its rounds
 * - argon2 `$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH` (`argon2i`, `argon2d`): at most 1 GiB, ten passes, 16 lanes
 */
export function parseForeignHash(text: string): ForeignHash | HashFault {
  if (text.length > textMax) return { fault: `must be at most ${textMax} characters` }
  const form = forms.find(({ begins }) => begins.test(text))
  return form ? form.parse(text) : { fault: `must be a hash of one of these kinds: ${accepted}` }
}

const malformed = (scheme: string, form: string): HashFault => ({ fault: `is no ${scheme} hash of the form ${form}` })

function parseBcrypt(text: string): ForeignHash | HashFault {
  const [, digits] = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(text) ?? []
  if (!digits) return malformed('bcrypt', '$2b$12$ and 53 characters')
  const cost = Number(digits)
  return withinBounds('bcrypt', { cost }, bounds.bcrypt) ?? { scheme: 'bcrypt', cost, text }
}

function parseScrypt(text: string): ForeignHash | HashFault {
  const [, parameters = '', saltText, hashText] = /^\$scrypt\$([^$]*)\$([^$]*)\$([^$]*)$/.exec(text) ?? []
  const given = numbersIn(parameters, ['ln', 'r', 'p'])
  const salt = base64(saltText, { least: 1 })
  const hash = base64(hashText, { least: 16 })
  if (!given || !salt || !hash) return malformed('scrypt', '$scrypt$ln=15,r=8,p=1$SALT$HASH')
  const cost = { logN: given.ln, r: given.r, p: given.p }
  return scryptFault('scrypt', cost, bounds.scrypt) ?? { scheme: 'scrypt', ...cost, salt, hash }
}

type ScryptCost = Pick<ScryptHash, 'logN' | 'r' | 'p'>

/** RFC 7914 section 6: N is less than 2^(128 * r / 8). */
const scryptFault = (
  scheme: string,
  cost: ScryptCost,
  within: Readonly<Record<keyof ScryptCost, readonly [number, number]>>,
) => withinBounds(scheme, cost, { ...within, logN: [within.logN[0], Math.min(within.logN[1], 16 * cost.r - 1)] })

const digestBytes = { sha1: 20, sha256: 32, sha512: 64 } as const

const digestOf = (named: string | undefined): Pbkdf2Hash['digest'] =>
  named === 'sha256' || named === 'sha512' ? named : 'sha1'

/** All iterations are made once for each block of the digest's length. */
function pbkdf2(digest: Pbkdf2Hash['digest'], iterations: number, salt: Bytes, hash: Bytes): ForeignHash | HashFault {
  const inAll = iterations * Math.ceil(hash.length / digestBytes[digest])
  const fault = withinBounds('PBKDF2', { iterations: inAll }, bounds.pbkdf2)
  return fault ?? { scheme: 'pbkdf2', digest, iterations, salt, hash }
}

// The length that some write (`l=32`) is the length of the hash, which is there to be seen.
const phcPbkdf2 = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,9})(?:,l=\d{1,4})?\$([^$]*)\$([^$]*)$/

function parsePbkdf2(text: string): ForeignHash | HashFault {
  const [, digest, iterations, saltText, hashText] = phcPbkdf2.exec(text) ?? []
  const salt = base64(saltText, { least: 1 })
  const hash = base64(hashText, { least: 16 })
  if (!iterations || !salt || !hash) return malformed('PBKDF2', '$pbkdf2-sha256$i=600000$SALT$HASH')
  return pbkdf2(digestOf(digest), Number(iterations), salt, hash)
}

function parseDjangoPbkdf2(text: string): ForeignHash | HashFault {
  const [, digest, iterations, salt, hashText] = /^pbkdf2_(sha\d+)\$(\d{1,9})\$([^$]+)\$([^$]*)$/.exec(text) ?? []
  const hash = base64(hashText, { least: 16 })
  if (!iterations || !salt || !hash) return malformed('PBKDF2', 'pbkdf2_sha256$600000$salt$HASH')
  return pbkdf2(digestOf(digest), Number(iterations), Buffer.from(salt), hash)
}

function parseFirebase(text: string): ForeignHash | HashFault {
  const [parameters = '', saltText, hashText, separatorText, keyText, ...more] = text.split('$').slice(2)
  const given = numbersIn(parameters, ['ln', 'r', 'p'])
  const salt = base64(saltText, { least: 1 })
  const hash = base64(hashText, { least: 16 })
  const saltSeparator = base64(separatorText, { least: 0 })
  const signerKey = base64(keyText, { least: 16 })
  if (!given || !salt || !hash || !saltSeparator || !signerKey || more.length > 0 || hash.length !== signerKey.length)
    return malformed('Firebase', '$firescrypt$ln=14,r=8,p=1$SALT$HASH$SEPARATOR$SIGNERKEY')
  const { ln: logN, r, p } = given
  const fault = scryptFault('Firebase', { logN, r, p }, { ...bounds.scrypt, p: [1, 1] })
  return fault ?? { scheme: 'firebase-scrypt', logN, r, salt, hash, saltSeparator, signerKey }
}

function parseArgon2(text: string): ForeignHash | HashFault {
  const [, parameters = '', saltText, hashText] =
    /^\$argon2(?:i|d|id)(?:\$v=(?:16|19))?\$([^$]*)\$([^$]*)\$([^$]*)$/.exec(text) ?? []
  const given = numbersIn(parameters, ['m', 't', 'p'])
  if (!given || !base64(saltText, { least: 8 }) || !base64(hashText, { least: 16 }))
    return malformed('argon2', '$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH')
  const cost = { memoryKiB: given.m, passes: given.t, lanes: given.p }
  // RFC 9106 section 3.1: eight blocks for each lane at least.
  const least = Math.max(bounds.argon2.memoryKiB[0], 8 * cost.lanes)
  const within = { ...bounds.argon2, memoryKiB: [least, bounds.argon2.memoryKiB[1]] } as const
  return withinBounds('argon2', cost, within) ?? { scheme: 'argon2', ...cost, text }
}
