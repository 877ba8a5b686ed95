/** How often a key may ask: limits by name, each of which applies. */
import { reservedLimitNames } from '@latchkey/principal/budget-terms'
import type { ReadPart } from './confinement.ts'

interface RateLimitInput {
  readonly name: string
  readonly limit: number
  readonly windowSeconds: number
  /** The limit, unless said. */
  readonly burst?: number | null
  readonly unit?: 'REQUESTS' | 'COST' | null
}

export interface RateLimitsInput {
  readonly rateLimits?: readonly RateLimitInput[] | null
}

const limitsMax = 10
const namePattern = /^[a-z][a-z0-9-]{0,31}$/
// So small that a burst of the longest window is still counted exactly.
const bounds = { limit: 1_000_000, windowSeconds: 30 * 24 * 60 * 60, burst: 1_000_000 } as const

export function readRateLimits({ rateLimits }: RateLimitsInput): ReadPart {
  if (!rateLimits) return {}
  if (rateLimits.length > limitsMax) return { faults: { 'input.rateLimits': `must name at most ${limitsMax} limits` } }
  const read = rateLimits.map(({ name, limit, windowSeconds, burst, unit }) => ({
    ...{ name, limit, windowSeconds, burst: burst ?? limit },
    ...(unit === 'COST' && { unit: 'cost' as const }),
  }))
  const names = read.map(({ name }) => name)
  const faults = read.flatMap((each, at) => [
    ...faultOfName(each.name, names.indexOf(each.name) < at).map((fault) => [`input.rateLimits.${at}.name`, fault]),
    ...faultsOfNumbers(each).map(([field, fault]) => [`input.rateLimits.${at}.${field}`, fault]),
  ])
  if (faults.length > 0) return { faults: Object.fromEntries(faults) }
  return { part: { rateLimits: read.length > 0 ? read : undefined } }
}

function faultOfName(name: string, isTaken: boolean): string[] {
  if (!namePattern.test(name)) return ['must be 1 to 32 of a-z, 0-9 and -, and begin with a letter']
  if (reservedLimitNames.includes(name)) return [`must not be ${name}, which names a limit of every key`]
  return isTaken ? ['must not come twice'] : []
}

const faultsOfNumbers = (limit: Readonly<Record<keyof typeof bounds, number>>): [string, string][] =>
  (['limit', 'windowSeconds', 'burst'] as const).flatMap((field): [string, string][] =>
    limit[field] >= 1 && limit[field] <= bounds[field] ? [] : [[field, `must be 1 to ${bounds[field]}`]],
  )
