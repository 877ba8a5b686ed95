/** Addresses of the internet as bits: two that are the same place are the same bits, however they are written. */
import { isIPv4, isIPv6 } from 'node:net'

/** The eight groups of an IPv6 address in hexadecimal without leading zeros; null when it is none. */
export function ipv6Groups(address: string): readonly string[] | null {
  const [withoutZone = ''] = address.split('%')
  // Of what a URL takes, an address is not all: `::1]/x?[` is one with a path.
  if (!isIPv6(withoutZone)) return null
  const canonical = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = canonical.split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail.split(':').filter(Boolean)
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

/** The IPv4 address that is written as these groups; null when none is. */
export function mappedIpv4(groups: readonly string[]): string | null {
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return null
  const bytes = groups.slice(6).flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
  return bytes.join('.')
}

/** An address as bits, most significant first: 32 of IPv4, 128 of IPv6. */
export interface AddressBits {
  readonly family: 4 | 6
  readonly bits: string
}

/** An IPv4 address that is written as IPv6 is one of IPv4; a zone is left out. Null for what is no address. */
export function addressBits(address: string): AddressBits | null {
  if (isIPv4(address)) return { family: 4, bits: binary(address.split('.').map(Number), 8) }
  const groups = ipv6Groups(address)
  if (!groups) return null
  const mapped = mappedIpv4(groups)
  if (mapped) return addressBits(mapped)
  return {
    family: 6,
    bits: binary(
      groups.map((group) => Number.parseInt(group, 16)),
      16,
    ),
  }
}

/** The first address of those that begin with `bits`, in the one way it is written (RFC 5952). */
export function firstAddress({ family, bits }: AddressBits): string {
  const width = family === 4 ? 8 : 16
  const whole = bits.padEnd(family === 4 ? 32 : 128, '0')
  const parts = whole.match(new RegExp(`.{${width}}`, 'g')) ?? []
  const numbers = parts.map((part) => Number.parseInt(part, 2))
  if (family === 4) return numbers.join('.')
  return new URL(`http://[${numbers.map((number) => number.toString(16)).join(':')}]`).hostname.slice(1, -1)
}

const binary = (numbers: readonly number[], width: number): string =>
  numbers.map((number) => number.toString(2).padStart(width, '0')).join('')
