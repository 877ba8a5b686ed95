/** From where a key works: networks in CIDR notation. */
import { addressBits } from '../address-bits.ts'

interface Network {
  readonly family: 4 | 6
  readonly prefix: string
}

// By the list itself: a record that was read anew and is the same gives the same list.
const known = new WeakMap<readonly string[], readonly Network[]>()

function networksIn(list: readonly string[]): readonly Network[] {
  const before = known.get(list)
  if (before) return before
  const networks = list.flatMap((cidr) => networkOf(cidr) ?? [])
  known.set(list, networks)
  return networks
}

function networkOf(cidr: string): Network | null {
  const [start = '', length] = cidr.split('/')
  const address = addressBits(start)
  return address && { family: address.family, prefix: address.bits.slice(0, Number(length ?? address.bits.length)) }
}

/** Whether the address is in one of the networks. What is no address, or not known, is in none. */
export function isWithin(networks: readonly string[], address: string | undefined): boolean {
  const asked = address === undefined ? null : addressBits(address)
  if (!asked) return false
  return networksIn(networks).some(({ family, prefix }) => family === asked.family && asked.bits.startsWith(prefix))
}
