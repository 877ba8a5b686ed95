/** Where a request came from. What a client says of itself in X-Forwarded-For counts only as far as our own proxies vouch for it. */
import { BlockList, isIP } from 'node:net'

/** Whose X-Forwarded-For is believed: nobody's, that of the last `count` hops, or that of these networks. */
export type TrustedProxies =
  | { readonly kind: 'none' }
  | { readonly kind: 'hops'; readonly count: number }
  | { readonly kind: 'networks'; readonly cidrs: readonly string[] }

export interface ClientAddresses {
  /** The nearest address that is not one of our proxies, read from right to left. */
  of(socketAddress: string | undefined, forwardedFor: string | readonly string[] | undefined): string
  /** Whether the other end of the connection is one of our proxies. */
  isProxy(socketAddress: string | undefined): boolean
}

/** @throws Error when an entry of `cidrs` is neither an address nor a network such as `10.0.0.0/8`. */
export function createClientAddresses(trusted: TrustedProxies): ClientAddresses {
  const isTrusted = createJudge(trusted)
  return {
    isProxy: (socketAddress) => isTrusted(plain(socketAddress), 0),
    of(socketAddress, forwardedFor) {
      let address = plain(socketAddress)
      if (forwardedFor === undefined) return address
      const entries = String(forwardedFor).split(',').reverse()
      for (let hop = 0; hop < entries.length && isTrusted(address, hop); hop++) {
        const next = plain(entries[hop]?.trim())
        if (isIP(next) === 0) return address
        address = next
      }
      return address
    },
  }
}

/** Whether the address that stands `hop` places from our own end is a proxy of ours. */
function createJudge(trusted: TrustedProxies): (address: string, hop: number) => boolean {
  if (trusted.kind === 'none') return () => false
  if (trusted.kind === 'hops') return (_address, hop) => hop < trusted.count
  const networks = new BlockList()
  for (const cidr of trusted.cidrs) addNetwork(networks, cidr)
  return (address) => {
    const family = isIP(address)
    return family !== 0 && networks.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** An IPv4 address as IPv4, also where the socket speaks IPv6. */
const plain = (address = ''): string => (address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address)

function addNetwork(networks: BlockList, cidr: string): void {
  const [address = '', bits] = cidr.split('/')
  const family = isIP(address)
  const width = family === 6 ? 128 : 32
  const prefix = bits === undefined ? width : Number(bits)
  if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > width)
    throw new Error(`${cidr} is neither an address nor a network such as 10.0.0.0/8`)
  networks.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
}
