/** The replicas of one subgraph: those there are now, and which of them is asked next. */
import { createReplicaChoice, type ReplicaChoice } from './choice.ts'
import { type Discovery, discover } from './discovery.ts'
import { type Door, type DoorTerms, openDoor } from './door.ts'
import { createNames, type NamesOptions } from './names.ts'
import { keyOf, type Place, usualRank } from './place.ts'
import { readWhereabouts, type Whereabouts } from './whereabouts.ts'

export interface ReplicasOptions extends NamesOptions, DoorTerms {
  /** Each an address, or a name that stands for several (see `readWhereabouts`). */
  readonly urls: readonly string[]
}

export interface Replicas extends Pick<ReplicaChoice<Door>, 'next' | 'begun'> {
  /** Those there are now, the foremost first. */
  doors(): readonly Door[]
  /** Somebody refused a connection: whoever is found by name may have moved. */
  missed(): void
  /** Why there is nobody. */
  fault(): string
  /** Resolves once all that was sent is answered. */
  close(): Promise<void>
}

/** @throws Error when a url is none. */
export function openReplicas({ urls, servers, ...terms }: ReplicasOptions): Replicas {
  const choice = createReplicaChoice<Door>({ nowMs: () => performance.now(), random: Math.random })
  const places = new Map<string, readonly Place[]>()
  const leaving = new Set<Promise<void>>()
  let open = new Map<string, Door>()

  /** Whoever left is asked nothing more, and answers what it was asked. */
  function letGo(door: Door): void {
    const gone = door.close().finally(() => leaving.delete(gone))
    leaving.add(gone)
  }

  function settle(): void {
    const now = new Map([...places.values()].flat().map((place) => [keyOf(place), place]))
    const left = [...open].filter(([key]) => !now.has(key))
    open = new Map([...now].map(([key, place]) => [key, open.get(key) ?? openDoor(place, terms)]))
    const ranks = new Map([...now].flatMap(([key, { rank }]) => ranked(open.get(key), rank)))
    choice.replace([...ranks.keys()], (door) => ranks.get(door) ?? usualRank)
    for (const [, door] of left) letGo(door)
  }

  const watches = urls.flatMap((url) => {
    const at = whereaboutsOf(url)
    const take = (found: readonly Place[]) => {
      places.set(url, found)
      settle()
    }
    if (at.kind !== 'place') return [discover(at, { names: createNames({ servers }), take, random: Math.random })]
    places.set(url, [{ url: at.url, rank: usualRank }])
    return []
  })
  settle()

  return {
    ...{ next: choice.next, begun: choice.begun },
    doors: () => [...open.values()],
    missed() {
      for (const watch of watches) watch.hurry()
    },
    fault: () => faultOf(watches),
    async close() {
      for (const watch of watches) watch.close()
      await Promise.all([...[...open.values()].map((door) => door.close()), ...leaving])
    },
  }
}

const ranked = (door: Door | undefined, rank: Place['rank']) => (door ? [[door, rank] as const] : [])

function whereaboutsOf(url: string): Whereabouts {
  const at = readWhereabouts(url)
  if (!at) throw new Error(`${url} is no place of a subgraph`)
  return at
}

const faultOf = (watches: readonly Discovery[]): string =>
  watches.map((watch) => watch.fault()?.message ?? '').find(Boolean) ?? 'has no url'
