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
  const reads = createTurns<string, string | null>((keys) => orUnavailable(redis.mget(keys)), keysPerReadMax)
  readsOf.set(redis, reads)
  return reads
}
