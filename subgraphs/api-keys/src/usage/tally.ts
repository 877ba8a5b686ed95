/** Batches of uses added up: what is to be counted of them, by the minute, the hour and the day. */
import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import type { KeyUse, UsageBatch } from '@latchkey/principal/key-usage'
import { addTo } from './latency.ts'

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
  const uses = batches.flatMap(({ uses: some }) => some)
  const counts = { minutes: createCounts('minutes'), hours: createCounts('hours'), days: createCounts('days') }
  const operations = new Map<string, readonly string[]>()
  const coordinates = new Map<string, Set<string>>()
  const lastUses = new Map<string, LastUse>()
  for (const use of uses) {
    const { keyId, operation, atMs } = use
    const operationId = operation ? allowed(keyId, operation.id) : ''
    for (const grain of grains) counts[grain].add(use, operationId)
    if (operation && operationId === operation.id) operations.set(operation.id, operation.coordinates)
    if (operation && !use.outcome.startsWith('DENIED:')) touch(coordinates, keyId, operation.coordinates)
    if ((lastUses.get(keyId)?.atMs ?? 0) <= atMs) lastUses.set(keyId, { keyId, atMs, operationId })
  }
  return {
    counts: { minutes: counts.minutes.all(), hours: counts.hours.all(), days: counts.days.all() },
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

function createCounts(grain: Grain) {
  const counts = new Map<string, Growing>()
  const begin = (place: string, count: Omit<Growing, 'requests' | 'latency'>): Growing => {
    const begun = { ...count, requests: 0, latency: [] }
    counts.set(place, begun)
    return begun
  }
  return {
    add({ keyId, atMs: usedAtMs, outcome, subgraphs: asked, tookMs }: KeyUse, operationId: string): void {
      const atMs = floorTo(grain, usedAtMs)
      const subgraphs = [...asked].sort().join()
      const place = `${keyId} ${atMs} ${operationId} ${outcome} ${subgraphs}`
      const count = counts.get(place) ?? begin(place, { keyId, atMs, operationId, outcome, subgraphs })
      count.requests += 1
      addTo(count.latency, tookMs)
    },
    all: (): readonly Count[] => [...counts.values()],
  }
}
