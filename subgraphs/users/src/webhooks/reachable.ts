/** Which addresses a webhook may be sent to: public ones, so that nobody reaches through us what only we can (SSRF, ASVS 1.3.6). Pure. */
import { BlockList, isIP } from 'node:net'

/** IANA's special-purpose addresses that lead to no public host (RFC 6890 and its registry), and multicast. */
const special4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // Public by its number, and the host's own services in Azure.
  '168.63.129.16/32',
]

/** All that IANA has given out for hosts; mapped, translated (NAT64) and local addresses lie outside it. */
const unicast6 = ['2000::/3']

/** Of those, the ones that lead elsewhere: protocols (Teredo among them), documentation, 6to4, direct delegation of AS112. */
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

/** Networks like `10.0.0.0/8`. Throws for what is none. */
function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', prefix = ''] = cidr.split('/')
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

export function areNetworks(cidrs: readonly string[]): boolean {
  try {
    listOf(cidrs)
    return cidrs.every((cidr) => /^[^/]+\/\d{1,3}$/.test(cidr))
  } catch {
    return false
  }
}

const [closed4, open6, closed6] = [listOf(special4), listOf(unicast6), listOf(special6)]

/** An IPv4 address that is written as IPv6 is not public: it is a way around the first list. */
function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !closed4.check(address, 'ipv4')
    case 6:
      return open6.check(address, 'ipv6') && !closed6.check(address, 'ipv6')
    default:
      return false
  }
}

export type IsReachable = (address: string) => boolean

/** `networks`: those of the own house that may be reached besides. */
export function reachableBesides(networks: readonly string[]): IsReachable {
  const own = listOf(networks)
  return (address) =>
    isPublic(address) || (isIP(address) !== 0 && own.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
}
