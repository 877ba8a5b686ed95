/** Where an address leads: looked up once, and judged before anything is sent there. What was judged is what is connected to. */
import { isIP } from 'node:net'
import type { IsReachable } from './reachable.ts'

/** The addresses behind a name. Rejects when it has none, or nobody says in time. */
export type ResolveName = (name: string) => Promise<readonly string[]>

export type Destination =
  | { readonly outcome: 'open'; readonly addresses: readonly string[] }
  /** `closed`: one of the addresses at least is none that may be reached. */
  | { readonly outcome: 'closed' }
  | { readonly outcome: 'unknown' }

export interface Destinations {
  of(url: URL): Promise<Destination>
}

interface DestinationDependencies {
  readonly resolve: ResolveName
  readonly isReachable: IsReachable
}

const loopback = ['127.0.0.1', '::1']

/** `localhost` is never asked about (RFC 6761 section 6.3). */
const isLocalhost = (name: string): boolean => /(?:^|\.)localhost\.?$/.test(name)

export function createDestinations({ resolve, isReachable }: DestinationDependencies): Destinations {
  async function addressesOf(name: string): Promise<readonly string[]> {
    const literal = name.startsWith('[') ? name.slice(1, -1) : name
    if (isIP(literal)) return [literal]
    return isLocalhost(name) ? loopback : resolve(name).catch(() => [])
  }

  return {
    async of(url) {
      const addresses = await addressesOf(url.hostname)
      if (addresses.length === 0) return { outcome: 'unknown' }
      // One that may not be reached among others is an attack or a mistake: who wrote the name wrote them all.
      return addresses.every(isReachable) ? { outcome: 'open', addresses } : { outcome: 'closed' }
    },
  }
}
