/** Follows where replicas are: asks DNS again and again, beside all requests, and tells of what has changed. */
import { secondMs } from '@latchkey/clock'
import { countOf, gaugesOf } from '@latchkey/telemetry/metrics'
import type { Names } from './names.ts'
import { againInMs, type FoundAddress, type Place, placesAt, placesOfService } from './place.ts'
import type { Whereabouts } from './whereabouts.ts'

export interface Discovery {
  /** Somebody was not where they were said to be: asks soon, at most once a second. */
  hurry(): void
  /** Why nothing is known; `null` once something is. */
  fault(): Error | null
  close(): void
}

export interface DiscoveryTerms {
  readonly names: Names
  /** Told of where replicas are from now on. Never of none: an answer that names nobody is no answer. */
  readonly take: (places: readonly Place[]) => void
  /** From 0 to below 1. */
  readonly random: () => number
}

type Named = Exclude<Whereabouts, { readonly kind: 'place' }>

const lookups = countOf('latchkey_name_lookups_total', 'Questions to DNS about where replicas are.', ['outcome'])
const unresolved = gaugesOf(
  'latchkey_name_unresolved_seconds',
  'For how long a name of replicas has led nowhere, as far as DNS says; 0 while it leads to somebody.',
  ['name'],
)

/** After a failure it is asked again sooner, then later, up to the last of these. */
const retriesMs = [0.25, 0.5, 1, 2, 5].map((seconds) => seconds * secondMs)
/** A server that says nothing has the next question wait for no longer. */
const answerWithinMs = 5 * secondMs
const hurriedMs = 1 * secondMs

interface Look {
  readonly places: readonly Place[]
  readonly found: readonly FoundAddress[]
}

async function lookFor({ kind, name, url }: Named, names: Names): Promise<Look> {
  if (kind === 'name') {
    const found = await names.addresses(name)
    return { places: placesAt(url, found), found }
  }
  const found = await names.services(name)
  return { places: placesOfService(url, found), found: found.flatMap(({ addresses }) => addresses) }
}

/** Begins at once. What was found last is held for as long as DNS fails, however long that is. */
export function discover(at: Named, { names, take, random }: DiscoveryTerms): Discovery {
  let state: 'open' | 'closed' = 'open'
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let askedAtMs = Number.NEGATIVE_INFINITY
  let failures = 0
  let unresolvedSinceMs: number | null = null
  let fault: Error | null = new Error(`${at.name} is being looked up`)

  function next(inMs: number): void {
    clearTimeout(timer)
    if (state === 'open') timer = setTimeout(turn, inMs).unref()
  }

  async function look(): Promise<number> {
    const late = setTimeout(names.close, answerWithinMs).unref()
    try {
      const { places, found } = await lookFor(at, names)
      if (places.length === 0) throw new Error(`${at.name} leads nowhere that a replica can be`)
      if (state === 'open') take(places)
      ;[failures, fault, unresolvedSinceMs] = [0, null, null]
      lookups.add({ outcome: 'found' })
      return againInMs(found, random())
    } catch (thrown) {
      if (fault) fault = thrown instanceof Error ? thrown : new Error(String(thrown))
      unresolvedSinceMs ??= askedAtMs
      lookups.add({ outcome: 'failed' })
      return retriesMs[Math.min(failures++, retriesMs.length - 1)] ?? secondMs
    } finally {
      clearTimeout(late)
    }
  }

  async function turn(): Promise<void> {
    isLooking = true
    askedAtMs = performance.now()
    const inMs = await look()
    isLooking = false
    next(inMs)
  }

  function unresolvedForSeconds(): number | null {
    if (state === 'closed') return null
    return unresolvedSinceMs === null ? 0 : (performance.now() - unresolvedSinceMs) / secondMs
  }

  unresolved.of({ name: at.name }, unresolvedForSeconds)
  void turn()
  return {
    hurry() {
      if (!isLooking) next(Math.max(0, askedAtMs + hurriedMs - performance.now()))
    },
    fault: () => fault,
    close() {
      state = 'closed'
      clearTimeout(timer)
      names.close()
    },
  }
}
