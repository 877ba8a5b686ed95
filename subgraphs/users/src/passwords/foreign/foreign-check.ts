/** Checks passwords against hashes that other systems made. The only home of bcrypt. */
import { createCipheriv, pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import type { FirebaseHash, ForeignHash, Pbkdf2Hash, ScryptHash } from './foreign-hash.ts'

/** argon2, by whoever is its home. */
export type Argon2Check = (phc: string, password: Buffer) => Promise<boolean>

const stretch = promisify(pbkdf2)
const deriveKey = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt)

const same = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)

/** The library refuses to use more memory than it is told; this is what RFC 7914 needs, and a little. */
const memoryFor = (logN: number, r: number, p: number) => 128 * r * (2 ** logN + p + 2) + 1_048_576

async function matchesScrypt(password: Buffer, { logN, r, p, salt, hash }: ScryptHash): Promise<boolean> {
  const cost = { N: 2 ** logN, r, p, maxmem: memoryFor(logN, r, p) }
  return same(await deriveKey(password, salt, hash.length, cost), hash)
}

async function matchesPbkdf2(password: Buffer, { digest, iterations, salt, hash }: Pbkdf2Hash): Promise<boolean> {
  return same(await stretch(password, salt, iterations, hash.length, digest), hash)
}

/** AES-256-CTR of the signer key under what scrypt derives (github.com/firebase/scrypt). */
async function matchesFirebase(password: Buffer, foreign: FirebaseHash): Promise<boolean> {
  const { logN, r, salt, saltSeparator, signerKey, hash } = foreign
  const cost = { N: 2 ** logN, r, p: 1, maxmem: memoryFor(logN, r, 1) }
  const key = await deriveKey(password, Buffer.concat([salt, saltSeparator]), 32, cost)
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return same(Buffer.concat([cipher.update(signerKey), cipher.final()]), hash)
}

/**
 * Whether a password is the one a foreign hash was made of. It is taken exactly as typed: other systems do not normalise.
 * Everything runs off the event loop. bcrypt looks at 72 bytes, as it did where the hash comes from.
 */
export const createForeignCheck =
  (checkArgon2: Argon2Check) =>
  (typed: string, foreign: ForeignHash): Promise<boolean> => {
    const password = Buffer.from(typed)
    switch (foreign.scheme) {
      case 'bcrypt':
        return verifyBcrypt(password, foreign.text)
      case 'scrypt':
        return matchesScrypt(password, foreign)
      case 'pbkdf2':
        return matchesPbkdf2(password, foreign)
      case 'firebase-scrypt':
        return matchesFirebase(password, foreign)
      case 'argon2':
        return checkArgon2(foreign.text, password)
    }
  }
