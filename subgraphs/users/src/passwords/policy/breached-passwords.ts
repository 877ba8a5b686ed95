/** Passwords that were found in breaches. */
import { createHash } from 'node:crypto'
import { canonicalPassword } from '../password.ts'
import { breachedInFile } from './breached-passwords.file.ts'
import { breachedOnline } from './breached-passwords.online.ts'

export interface BreachedPasswords {
  /** How often a password was seen in breaches. Rejects when nobody can say. */
  timesSeen(password: string): Promise<number>
}

/** Who is asked: nobody, the range service of Have I Been Pwned, or a file of `SHA1:count` lines in order. */
export type BreachedPasswordsSource =
  | { readonly kind: 'off' }
  | { readonly kind: 'online'; readonly url?: string }
  | { readonly kind: 'file'; readonly path: string }

/** `off`, `online`, or the path of a file. */
export function parseBreachedSource(text: string): BreachedPasswordsSource {
  return text === 'off' || text === 'online' ? { kind: text } : { kind: 'file', path: text }
}

/** What stands for a password wherever it is looked up: upper-case hexadecimal SHA-1. */
export const breachDigest = (password: string): string =>
  createHash('sha1').update(canonicalPassword(password)).digest('hex').toUpperCase()

const seenByDigest = (source: BreachedPasswordsSource): ((digest: string) => Promise<number>) => {
  if (source.kind === 'online') return breachedOnline(source)
  if (source.kind === 'file') return breachedInFile(source.path)
  return async () => 0
}

export function createBreachedPasswords(source: BreachedPasswordsSource): BreachedPasswords {
  const seen = seenByDigest(source)
  return { timesSeen: async (password) => seen(breachDigest(password)) }
}
