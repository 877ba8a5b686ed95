/** Networks: where a request came from, as far as it is counted or told. */
import { isIPv4 } from 'node:net'
import { ipv6Groups, mappedIpv4 } from '@latchkey/principal/address-bits'

export { type AddressBits, addressBits, firstAddress } from '@latchkey/principal/address-bits'

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

/** What may be kept and told of a place: the /24 or the /48, too little to name a household; null when it is not known. */
export function coarseNetwork(address: string | undefined): string | null {
  const network = clientNetwork(address)
  if (network === 'unknown') return null
  if (isIPv4(network)) return `${network.split('.').slice(0, 3).join('.')}.0/24`
  return `${network.split(':').slice(0, 3).join(':')}::/48`
}
