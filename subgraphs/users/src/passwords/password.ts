/** Passwords: which are accepted for an account. Pure; hashing is next door. */
import { distance } from 'fastest-levenshtein'

/** NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.2.1. */
export const codePointsMin = 12
/** For an account that asks for a second factor besides. */
export const codePointsMinWithFactor = 8
export const codePointsMax = 128
/** More than this is not looked at: normalising and hashing are work that a stranger could order. */
export const bytesMax = 1_024

/** A password that names its owner or the product must still have this many characters without them. */
const ownCodePointsMin = 8
/** Shorter words occur by chance. */
const wordCodePointsMin = 4
const productWords = ['latchkey']
/** Fewer edits than this between a password and what is known of the person are no disguise. */
const editsMin = 5

/**
 * The form that is hashed and checked: Unicode NFKC, so that one password typed on two keyboards is one password
 * (NIST SP 800-63B-4 section 3.1.1.2). Nothing else is changed: no trimming, no folding of case (ASVS 6.2.8).
 */
export const canonicalPassword = (typed: string): string => typed.normalize('NFKC')

export const isOverlong = (typed: string): boolean => Buffer.byteLength(typed) > bytesMax

const codePoints = (text: string) => [...text].length

/** One form for all spellings that a guesser would try together. */
export const foldPassword = (text: string): string => text.normalize('NFKC').toLowerCase()

const wordsOf = (texts: readonly string[]) =>
  texts
    .flatMap((text) => foldPassword(text).split(/[^\p{L}\p{M}\p{N}]+/u))
    .concat(productWords)
    .filter((word) => codePoints(word) >= wordCodePointsMin)
    .sort((a, b) => b.length - a.length)

/** What is left of a password when the words that anyone could guess are taken out. */
function withoutWords(password: string, about: readonly string[]): string {
  return wordsOf(about).reduce((left, word) => left.replaceAll(word, ''), foldPassword(password))
}

/** What is known of the person as somebody would type it: each text whole, and an address without its domain. */
const spelledOut = (about: readonly string[]) =>
  about.flatMap((text) => [text, text.replace(/@[^@]*$/, '')]).map(foldPassword)

/** `L0vel4ce@example.com` for `lovelace@example.com`. */
function resembles(password: string, about: readonly string[]): boolean {
  const folded = foldPassword(password)
  return spelledOut(about).some((text) => distance(folded, text) < editsMin)
}

/** Whether it is so short that it does beside a second factor only. */
export const needsFactor = (typed: string): boolean => codePoints(canonicalPassword(typed)) < codePointsMin

/**
 * What is wrong with a new password, or `null`. `about` is what a guesser knows of the person: address and name, both of
 * bounded length, for they are normalised.
 * Length alone is asked for, no mixture of characters (ASVS 6.2.1, 6.2.5, 6.2.9, 6.2.11).
 */
export function faultOfNewPassword(
  typed: string,
  about: readonly string[],
  least: number = codePointsMin,
): string | null {
  if (isOverlong(typed)) return `must be at most ${codePointsMax} characters`
  if (/\p{Surrogate}/u.test(typed)) return 'must be Unicode text'
  const password = canonicalPassword(typed)
  if (codePoints(password) < least) return `must be at least ${least} characters`
  if (codePoints(password) > codePointsMax) return `must be at most ${codePointsMax} characters`
  if (codePoints(withoutWords(password, about)) < ownCodePointsMin) return 'must not be made of your name or address'
  if (resembles(password, about)) return 'must not resemble your name or address; choose something unrelated'
  return null
}
