/** Network rules: networks that nobody may sign in from, and those whose tries are not counted together. */
import { dayMs } from '@latchkey/clock'
import { addressBits, firstAddress } from '@latchkey/subgraph/network'

export type NetworkRuleKind = 'ALLOW' | 'BAN'

export interface NetworkRule {
  readonly id: string
  /** As `parseNetwork` writes it. */
  readonly network: string
  readonly kind: NetworkRuleKind
  readonly reason: string
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** `ordinary`: no rule says anything. */
export type Standing = 'ordinary' | 'allowed' | 'banned'

/** No rule is made to be forgotten. */
export const ruleLifetimeMsMax = 366 * dayMs
export const reasonLengthMax = 200
/** So many rules hold at a time. */
export const rulesMax = 1_000
/** What is wider than this is nobody's network: a slip of the pen would lock everybody out. */
const widest = { 4: 8, 6: 16 } as const

const shape = /^([\da-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/

/**
 * An address or a network in CIDR notation (RFC 4632, RFC 4291), in the one way it is kept: such as `192.0.2.0/24` or
 * `2001:db8::/32`, host bits cleared, IPv4 written as IPv6 as what it is. Null for anything else, and for what is wider than a
 * /8 of IPv4 or a /16 of IPv6.
 */
export function parseNetwork(text: string): string | null {
  const [, typed = '', prefix] = shape.exec(text.trim()) ?? []
  const address = addressBits(typed)
  if (!address) return null
  const { family, bits } = address
  const isMapped = family === 4 && typed.includes(':')
  const length = prefix === undefined ? bits.length : Number(prefix) - (isMapped ? 96 : 0)
  if (length < widest[family] || length > bits.length) return null
  return `${firstAddress({ family, bits: bits.slice(0, length) })}/${length}`
}

const judged = { ALLOW: 'allowed', BAN: 'banned' } as const

/** Judges an address by the most specific of the rules that hold at `now`. */
export function createRuleBook(rules: readonly NetworkRule[]): (address: string | undefined, now: Date) => Standing {
  const entries = rules
    .flatMap((rule) => {
      const [start = '', length] = rule.network.split('/')
      const network = addressBits(start)
      return network ? [{ ...rule, family: network.family, prefix: network.bits.slice(0, Number(length)) }] : []
    })
    .sort((a, b) => b.prefix.length - a.prefix.length)
  return (address, now) => {
    const asked = address === undefined ? null : addressBits(address)
    const rule =
      asked &&
      entries.find(
        ({ family, prefix, expiresAt }) => expiresAt > now && family === asked.family && asked.bits.startsWith(prefix),
      )
    return rule ? judged[rule.kind] : 'ordinary'
  }
}
