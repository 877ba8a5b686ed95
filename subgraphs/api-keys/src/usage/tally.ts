/** Batches of uses added up: what is to be counted of them, by the minute, the hour and the day. */
import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import type { KeyUse, UsageBatch } from '@latchkey/principal/key-usage'
import { addHistogram, addTime } from './latency.ts'

export const grains = ['minutes', 'hours', 'days'] as const
export type Grain = (typeof grains)[number]
export const grainMs: Readonly<Record<Grain, number>> = { minutes: minuteMs, hours: hourMs, days: dayMs }

/** How often a key did the same at the same time, and how long that took. */
export interface Count {
  readonly keyId: string
  /** The beginning of the minute, hour or day, in UTC. */
  readonly atMs: number
  /** Empty: refused before it was known. */
  readonly operationId: string
  readonly outcome: string
  /** Names with commas between, in order. */
  readonly subgraphs: string
  readonly requests: number
  readonly latency: readonly number[]
}

export interface LastUse {
  readonly keyId: string
  readonly atMs: number
  readonly operationId: string
}

export interface Tally {
  readonly counts: Readonly<Record<Grain, readonly Count[]>>
  /** What each operation touches, by its id. */
  readonly operations: ReadonlyMap<string, readonly string[]>
  /** What each key was answered about, by its id. */
  readonly coordinates: ReadonlyMap<string, ReadonlySet<string>>
  readonly lastUses: readonly LastUse[]
}

/** Which name an operation is counted under: its own, until a key has had too many. */
export type Allowance = (keyId: string, operationId: string) => string

export const floorTo = (grain: Grain, atMs: number): number => Math.floor(atMs / grainMs[grain]) * grainMs[grain]

export function tallyOf(batches: readonly UsageBatch[], allowed: Allowance): Tally {
  const minutes = createCounts()
  const operations = new Map<string, readonly string[]>()
  const coordinates = new Map<string, Set<string>>()
  const lastUses = new Map<string, LastUse>()
  const latest = new Map<string, Latest>()

  function begin(use: KeyUse): Growing {
    const { keyId, operation } = use
    const operationId = operation ? allowed(keyId, operation.id) : ''
    if (operation && operationId === operation.id) operations.set(operation.id, operation.coordinates)
    if (operation && !use.outcome.startsWith('DENIED:')) touch(coordinates, keyId, operation.coordinates)
    const count = minutes.of(asCounted(use, operationId))
    latest.set(keyId, { use, count })
    return count
  }

  for (const { uses } of batches)
    for (const use of uses) {
      const { keyId, atMs } = use
      const known = latest.get(keyId)
      const count = known && isAlike(known, use) ? known.count : begin(use)
      addTo(count, use.tookMs)
      const { operationId } = count
      if ((lastUses.get(keyId)?.atMs ?? 0) <= atMs) lastUses.set(keyId, { keyId, atMs, operationId })
    }
  const hours = coarser(minutes.all(), 'hours')
  return {
    counts: { minutes: minutes.all(), hours, days: coarser(hours, 'days') },
    operations,
    coordinates,
    lastUses: [...lastUses.values()],
  }
}

function touch(touched: Map<string, Set<string>>, keyId: string, coordinates: readonly string[]): void {
  const own = touched.get(keyId) ?? new Set()
  touched.set(keyId, own)
  for (const coordinate of coordinates) own.add(coordinate)
}

interface Growing extends Count {
  requests: number
  readonly latency: number[]
}

/** What a key did last, and where that is counted: most keys do the same again and again. */
interface Latest {
  readonly use: KeyUse
  readonly count: Growing
}

/** Of one batch these are the same objects; where they are not it takes longer, and comes to the same. */
const isAlike = ({ use, count }: Latest, { operation, outcome, subgraphs, atMs }: KeyUse): boolean =>
  use.operation === operation &&
  use.outcome === outcome &&
  use.subgraphs === subgraphs &&
  floorTo('minutes', atMs) === count.atMs

type Counted = Omit<Count, 'requests' | 'latency'>

const asCounted = ({ keyId, atMs, outcome, subgraphs }: KeyUse, operationId: string): Counted => ({
  ...{ keyId, atMs: floorTo('minutes', atMs), operationId, outcome, subgraphs: [...subgraphs].sort().join() },
})

/** What is alike is counted together. */
function createCounts() {
  const counts = new Map<string, Growing>()
  return {
    of(counted: Counted): Growing {
      const { keyId, atMs, operationId, outcome, subgraphs } = counted
      const place = `${keyId} ${atMs} ${operationId} ${outcome} ${subgraphs}`
      const known = counts.get(place)
      if (known) return known
      const begun = { ...counted, requests: 0, latency: [] }
      counts.set(place, begun)
      return begun
    },
    all: (): readonly Count[] => [...counts.values()],
  }
}

function addTo(count: Growing, tookMs: number): void {
  count.requests += 1
  addTime(count.latency, tookMs)
}

/** Finer counts added up: uses are many, and counts of them are few. */
function coarser(finer: readonly Count[], grain: Grain): readonly Count[] {
  const sums = createCounts()
  for (const { requests, latency, ...counted } of finer) {
    const sum = sums.of({ ...counted, atMs: floorTo(grain, counted.atMs) })
    sum.requests += requests
    addHistogram(sum.latency, latency)
  }
  return sums.all()
}
