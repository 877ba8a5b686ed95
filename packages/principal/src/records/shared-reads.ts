/** What is read of Redis in one turn of the event loop travels in one command, whoever asks for it. */
import { orUnavailable, type Redis } from '../redis.ts'
import { createTurns, type Turn } from '../turn.ts'

const keysPerReadMax = 1_000

type SharedReads = () => Turn<string, string | null>

// By connection, so that those who read through the same one need not know of each other.
const readsOf = new WeakMap<Redis, SharedReads>()

/** Gives the turn to ask in: a key goes in, and its text comes, or null. */
export function sharedReads(redis: Redis): SharedReads {
  const known = readsOf.get(redis)
  if (known) return known
  const reads = createTurns<string, string | null>((keys) => readEach(redis, keys), keysPerReadMax)
  readsOf.set(redis, reads)
  return reads
}

/** What many ask for is read once: whether a network is stopped, a key that is used by many requests at a time. */
async function readEach(redis: Redis, keys: readonly string[]): Promise<readonly (string | null)[]> {
  const places = new Map<string, number>()
  const placeOf = keys.map((key) => {
    const known = places.get(key)
    if (known !== undefined) return known
    places.set(key, places.size)
    return places.size - 1
  })
  const texts = await orUnavailable(redis.mget([...places.keys()]))
  return placeOf.map((place) => texts[place] ?? null)
}
