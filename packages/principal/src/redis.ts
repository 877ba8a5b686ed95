/** The connection to Redis: bounded in time, and heard of only as UNAVAILABLE when it fails. */
import { Problem } from '@latchkey/problem'
import { Redis } from 'ioredis'

export type { Redis }

const answerWithinMs = 400
const heartbeatMs = 1_000

/** Turns whatever Redis failed with into the one thing a caller can act on. */
export const orUnavailable = async <Value>(answer: Promise<Value>): Promise<Value> => {
  try {
    return await answer
  } catch (cause) {
    throw new Problem('UNAVAILABLE', `redis: ${(cause as Error).message}`, { retryAfterMs: 1_000 }, { cause })
  }
}

/**
 * A connection that answers within 400 ms or rejects; `connect()` opens it. It reconnects by itself; while it is away
 * every command is refused at once. One Redis, not a cluster: a command may read keys of many people.
 */
export function openRedis(url: string): Redis {
  // No automatic pipelining: what waits behind a pipeline has no time-out of its own. `turn.ts` gathers the hot reads.
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    commandTimeout: answerWithinMs,
    connectTimeout: 2_000,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
  })
  // Each command says for itself that the connection is gone; without a listener the process would end.
  redis.on('error', () => {})
  watchOver(redis)
  return redis
}

/** A connection that died without a word (a NAT that forgot it) is only noticed by asking. */
function watchOver(redis: Redis): void {
  const timer = setInterval(async () => {
    if (redis.status !== 'ready') return
    await redis.ping().catch(() => redis.disconnect(true))
  }, heartbeatMs)
  timer.unref()
  redis.on('end', () => clearInterval(timer))
}
