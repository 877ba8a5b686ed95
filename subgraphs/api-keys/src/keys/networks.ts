/** From where a key works: networks in CIDR notation (RFC 4632, RFC 4291), in the one way they are kept. */
import { addressBits, firstAddress } from '@latchkey/subgraph/network'
import type { ReadPart } from './confinement.ts'

export interface NetworksInput {
  readonly networks?: readonly string[] | null
}

const networksMax = 100
const shape = /^([\da-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/
const shown = 64

export function readNetworks({ networks }: NetworksInput): ReadPart {
  if (!networks) return {}
  if (networks.length > networksMax) return wrong(`must name at most ${networksMax} networks`)
  const read = networks.map(parseNetwork)
  const fault = read.find((each) => 'fault' in each)
  if (fault) return wrong(fault.fault)
  const kept = read.flatMap((each) => ('network' in each ? each.network : []))
  return { part: { networks: kept.length > 0 ? [...new Set(kept)] : undefined } }
}

const wrong = (fault: string): ReadPart => ({ faults: { 'input.networks': fault } })

/** An address alone is the network of that one address; IPv4 written as IPv6 is what it is. */
function parseNetwork(text: string): { readonly network: string } | { readonly fault: string } {
  const [, typed = '', prefix] = shape.exec(text) ?? []
  const address = addressBits(typed)
  const form = { fault: `must be like \`192.0.2.0/24\` or \`2001:db8::/32\`: ${text.slice(0, shown)}` }
  if (!address) return form
  const { family, bits } = address
  const isMapped = family === 4 && typed.includes(':')
  const length = prefix === undefined ? bits.length : Number(prefix) - (isMapped ? 96 : 0)
  if (length < 0 || length > bits.length) return form
  if (length === 0) return { fault: `must not be every network, as ${text} is: leave the list empty for that` }
  const network = `${firstAddress({ family, bits: bits.slice(0, length) })}/${length}`
  if (bits.slice(length).includes('1')) return { fault: `must have no bits after the prefix: ${network}, not ${text}` }
  return { network }
}
