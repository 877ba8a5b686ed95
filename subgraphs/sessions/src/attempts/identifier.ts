/** Identifiers: what somebody types to say which account is meant. */
import { domainToASCII } from 'node:url'

/** Longer than any address can be, however it is spelled. What is longer must not be normalised, and not be checked. */
export const identifierLengthMax = 320

const folded = (text: string) => text.normalize('NFC').toLowerCase().normalize('NFC')

/**
 * One form for every spelling that is the same account to Users; two forms for one account would mean twice the tries.
 * So what Users looks up is done first (the domain as IDNA writes it, without which each invisible mark in a domain
 * would be a spelling of its own), and NFKC after it.
 */
export function normalIdentifier(typed: string): string {
  const text = typed.trim().normalize('NFC')
  const at = text.lastIndexOf('@')
  const domain = text.slice(at + 1)
  const same = `${folded(text.slice(0, at + 1))}${domainToASCII(domain) || folded(domain)}`
  return same.normalize('NFKC').toLowerCase().normalize('NFKC')
}
