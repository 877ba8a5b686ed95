/** What a service asks of a key that was shown to it. */
import type { Scope } from '@latchkey/principal'
import { addressBits } from '@latchkey/principal/address-bits'
import { badInput } from '@latchkey/problem'

/** As it arrives. */
export interface VerifyInput {
  readonly secret: string
  readonly scopes?: readonly string[] | null
  readonly coordinates?: readonly string[] | null
  readonly address?: string | null
  readonly origin?: string | null
  readonly cost?: number | null
}

export interface Demand {
  /** All of them must be held. */
  readonly scopes: readonly Scope[]
  /** What of the schema is asked for; empty: nothing that a schema has. */
  readonly coordinates: readonly string[]
  readonly address: string | undefined
  readonly origin: string | undefined
  readonly cost: number
}

const scopesMax = 100
const coordinatesMax = 1_000
const nameMax = 300
const addressMax = 64
const costMax = 1_000

/** Throws BAD_USER_INPUT naming every wrong argument. Whatever the secret is, it is a key or none, and no fault of the input. */
export function parseDemand({ scopes, coordinates, address, origin, cost }: VerifyInput): Demand {
  const demand: Demand = {
    ...{ scopes: scopes ?? [], coordinates: coordinates ?? [] },
    ...{ address: address ?? undefined, origin: origin ?? undefined, cost: cost ?? 1 },
  }
  const faults = Object.entries(faultsOf(demand)).flatMap(([path, fault]) => (fault === null ? [] : [[path, fault]]))
  if (faults.length > 0) throw badInput(Object.fromEntries(faults))
  return demand
}

const faultsOf = ({ scopes, coordinates, address, origin, cost }: Demand) => ({
  'input.scopes': faultOfNames(scopes, scopesMax, 'scopes'),
  'input.coordinates': faultOfNames(coordinates, coordinatesMax, 'coordinates'),
  'input.address': address === undefined || isAddress(address) ? null : 'must be an IP address, such as 192.0.2.7',
  'input.origin': origin === undefined || origin.length <= nameMax ? null : `must be at most ${nameMax} characters`,
  'input.cost': cost >= 0 && cost <= costMax ? null : `must be 0 to ${costMax}`,
})

const isAddress = (text: string): boolean => text.length <= addressMax && addressBits(text) !== null

function faultOfNames(names: readonly string[], max: number, what: string): string | null {
  if (names.length > max) return `must name at most ${max} ${what}`
  return names.some((name) => name.length > nameMax) ? `must name ${what} of at most ${nameMax} characters` : null
}
