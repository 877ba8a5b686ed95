/** Places at which replicas are, as DNS tells of them. Pure. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import { secondMs } from '@latchkey/clock'

export interface Place {
  /** With its name, which the certificate and the Host header are for. */
  readonly url: string
  /** Where that is; absent: wherever the name leads when a connection is made. */
  readonly address?: string
  readonly rank: Rank
}

/** Whoever has a higher number is asked when nobody with a lower one can be; weights share out among equals (RFC 2782). */
export interface Rank {
  readonly priority: number
  readonly weight: number
}

export const usualRank: Rank = { priority: 0, weight: 1 }

export interface FoundAddress {
  readonly address: string
  /** For how long it is true, in seconds. */
  readonly ttl: number
}

export interface FoundService extends Rank {
  /** The name of its host, and what that name led to. */
  readonly name: string
  readonly port: number
  readonly addresses: readonly FoundAddress[]
}

/** More would be no deployment of ours, and each is a pool of connections. */
const placesMax = 100

/** Where no replica can be: nowhere, everywhere, and what is only there for this machine, as clouds hand out credentials. */
const barred = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  barred.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
] as const)
  barred.addSubnet(network, prefix, 'ipv6')

const mayBeAt = (address: string): boolean =>
  isIP(address) > 0 && !barred.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** In an order that does not depend on that of the answer, each once, and no more than there can be. */
function bounded(places: readonly Place[]): readonly Place[] {
  const byKey = new Map(places.map((place) => [keyOf(place), place]))
  return [...byKey]
    .sort(([one, { rank: first }], [other, { rank: second }]) =>
      first.priority === second.priority ? Number(one > other) - Number(one < other) : first.priority - second.priority,
    )
    .slice(0, placesMax)
    .map(([, place]) => place)
}

/** What makes it another place. */
export const keyOf = ({ url, address = '' }: Place): string => `${url} ${address}`

export const placesAt = (url: string, found: readonly FoundAddress[]): readonly Place[] =>
  bounded(found.flatMap(({ address }) => (mayBeAt(address) ? [{ url, address, rank: usualRank }] : [])))

/** A service whose only target is the root is said not to be offered there: it is nowhere (RFC 2782). */
export const placesOfService = (url: string, found: readonly FoundService[]): readonly Place[] =>
  bounded(
    found.flatMap(({ port, priority, weight, addresses }) =>
      placesAt(withPort(url, port), addresses).map((place) => ({
        ...place,
        rank: { priority, weight: Math.max(weight, leastWeight) },
      })),
    ),
  )

/** A weight of 0 is a very small chance beside others, and an equal one where all have it. */
const leastWeight = 0.01

function withPort(url: string, port: number): string {
  const parsed = new URL(url)
  parsed.port = String(port)
  return parsed.href
}

/** However short or long an answer is said to be true, it is asked for again within these times. */
const againInMsMin = 1 * secondMs
const againInMsMax = 30 * secondMs

/** When to ask again, by what was found and what random says: processes that began together do not go on asking together. */
export function againInMs(found: readonly FoundAddress[], random: number): number {
  const leastMs = Math.min(...found.map(({ ttl }) => ttl * secondMs))
  const bounds = Math.min(Math.max(leastMs, againInMsMin), againInMsMax)
  return bounds * (1 - random / 10)
}
