/** Places for requests that are worked on: so many at once, and while there is a crowd no more for one network than for another. */
import { clientNetwork } from '@latchkey/subgraph/network'

export interface Places {
  /** `null`: there is no place. Else it is to be called when the request is answered. */
  take(room: number): (() => void) | null
  /** The same in a crowd: nobody has more than their part of the room, and everybody may have one. */
  takeFairly(room: number, address: string): (() => void) | null
  /** Forgets who has not asked for a round: to be called after each. */
  endRound(): void
  readonly taken: number
}

/** Of those who ask. More than these are one crowd, and nobody of them is told apart. */
const networksMax = 10_000

export function createPlaces(): Places {
  let taken = 0
  let round = 0
  /** When each asked last. */
  const asking = new Map<string, number>()
  const held = new Map<string, number>()
  /** Of this round: of which network an address is takes longer to tell than all the rest. */
  const networks = new Map<string, string>()

  function networkOf(address: string): string {
    const known = networks.get(address)
    if (known !== undefined) return known
    const network = clientNetwork(address)
    if (networks.size < networksMax) networks.set(address, network)
    return network
  }

  function place(): () => void {
    taken += 1
    return () => {
      taken -= 1
    }
  }

  function leave(network: string): void {
    const left = (held.get(network) ?? 1) - 1
    if (left > 0) held.set(network, left)
    else held.delete(network)
  }

  return {
    take: (room) => (taken < room ? place() : null),
    takeFairly(room, address) {
      const network = networkOf(address)
      if (asking.size < networksMax || asking.has(network)) asking.set(network, round)
      const holds = held.get(network) ?? 0
      if (taken >= room || holds >= Math.max(1, room / asking.size)) return null
      const end = place()
      held.set(network, holds + 1)
      return () => {
        end()
        leave(network)
      }
    },
    endRound() {
      for (const [network, askedIn] of asking) if (askedIn < round) asking.delete(network)
      round += 1
      networks.clear()
    },
    get taken() {
      return taken
    },
  }
}
