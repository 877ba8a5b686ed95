/** The connection to Redis: bounded in time, and heard of only as UNAVAILABLE when it fails. */
import { Problem } from '@latchkey/problem'
import { Redis } from 'ioredis'
import { createLateness, watchStalls } from './lateness.ts'

export type { Redis }

const answerWithinMs = 400
/** Half of it: a request reads twice, one after the other, and is answered within 500 ms. */
const lateAfterMs = 200
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
 * every command is refused at once, and so it is from an answer that came after 200 ms until one that is in time. One Redis, not a cluster: a command may read keys of many people.
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
  refuseWhileLate(redis)
  return redis
}

/** Many requests read more than once, one read after the other: a store that is late in each of them is a hang. */
function refuseWhileLate(redis: Redis): void {
  const nowMs = () => performance.now()
  const { wasStalled, stop } = watchStalls(nowMs)
  const isThere = () => redis.status === 'ready'
  const lateness = createLateness({ lateAfterMs, nowMs, wasStalled, isThere, probe: () => redis.ping() })
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, stream) => {
    // A pipeline is as long as it is; a connection that is not ready yet has to introduce itself; and a ping is how it is found out.
    if (stream || !isThere() || command.name === 'ping') return send(command, stream)
    if (lateness.isLate()) {
      command.reject(new Error('it answers late'))
      return command.promise
    }
    const answered = lateness.asked()
    command.promise.then(answered, answered)
    return send(command, stream)
  }
  redis.on('end', stop)
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
