/** Sign-in attempts: how many tries an identifier has from one network. */
import { isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'

/** At most `max` tries in any stretch of `windowMs` milliseconds. */
export interface AttemptPolicy {
  readonly max: number
  readonly windowMs: number
}

/** `unlimited` is for measuring only; production refuses to start with it. */
export type AttemptLimit = AttemptPolicy | 'unlimited'

/** What a counter is kept under: MACs, so that the store learns no address of anyone. */
export interface AttemptKey {
  readonly identifier: string
  readonly network: string
}

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

/**
 * What counts as one place: an IPv4 address, or the /64 of an IPv6 one, because a household has all of a /64 to
 * choose from. An IPv4 address written as IPv6 is the same place. Whatever is no address shares one place.
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  if (isIPv4(address)) return address
  const groups = ipv6Groups(address)
  if (!groups) return 'unknown'
  return mappedIpv4(groups) ?? `${groups.slice(0, 4).join(':')}::/64`
}

/** The eight groups of an IPv6 address in hexadecimal without leading zeros; null when it is none. */
function ipv6Groups(address: string): readonly string[] | null {
  const [withoutZone = ''] = address.split('%')
  if (!URL.canParse(`http://[${withoutZone}]`)) return null
  const canonical = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = canonical.split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail.split(':').filter(Boolean)
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

function mappedIpv4(groups: readonly string[]): string | null {
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return null
  const bytes = groups.slice(6).flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
  return bytes.join('.')
}
