/** Email addresses: which are accepted, and when two of them are one. */
import { domainToASCII } from 'node:url'

export interface EmailAddress {
  /** As the person wrote it, without the space around it: where mail goes. */
  readonly written: string
  /** The same for every spelling of one address: what is looked up. */
  readonly normalised: string
}

const lengthMax = 254
const localBytesMax = 64
// RFC 5322 atoms joined by single dots, opened to letters of every script (RFC 6532). No quoted local parts.
const localPart = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const writtenDomain = /^[\p{L}\p{M}\p{N}.-]+$/u
// Labels of RFC 1035, at least two; the last one is not a number, so that no spelling of an IP address passes.
const asciiDomain = /^(?=.{3,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * `null` when it is not an address that mail can be sent to.
 * Normalised means: Unicode NFC, lower case throughout, the domain as IDNA writes it in ASCII. Dots and `+tags` in the
 * local part stay: whether they matter is known to the mail host alone.
 */
export function parseEmailAddress(text: string): EmailAddress | null {
  // Long before anything is too long for an address, it is too long to be worked on.
  if (text.length > 2 * lengthMax) return null
  const written = text.trim().normalize('NFC')
  const at = written.lastIndexOf('@')
  const local = written.slice(0, Math.max(at, 0))
  const domain = asciiDomainOf(written.slice(at + 1))
  if (!domain || !localPart.test(local) || Buffer.byteLength(local) > localBytesMax) return null
  const normalised = `${local.toLowerCase().normalize('NFC')}@${domain}`
  return Buffer.byteLength(normalised) > lengthMax ? null : { written, normalised }
}

function asciiDomainOf(domain: string): string | null {
  if (!writtenDomain.test(domain)) return null
  const ascii = domainToASCII(domain)
  return asciiDomain.test(ascii) ? ascii : null
}
