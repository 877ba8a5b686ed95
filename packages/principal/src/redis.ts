/** The connection to Redis: bounded in time, and heard of only as UNAVAILABLE when it fails. */
import { awakeClock, usualPatienceMs } from '@latchkey/clock/awake'
import { Problem } from '@latchkey/problem'
import { Redis } from 'ioredis'
import { createLateness, type Lateness } from './lateness.ts'
import { watchRedisHealth } from './redis-health.ts'
import { traceCommands } from './redis-traces.ts'

export type { Redis }

const heartbeatMs = 700
/** A heart that has not answered by the next beat is dead, unless it was this process that stood still. */
const heartbeatWithinMs = 400
/**
 * For a connection to open, and for what the driver asks for itself then: one to a Redis that was frozen is answered by nobody, and two
 * seconds after it is well again all is to be well. A timer of its own would go off after this process stood still.
 */
const introducedWithinMs = 1_500

/** How long each was told to wait. */
const patienceOf = new WeakMap<Redis, number>()

/** Turns whatever Redis failed with into the one thing a caller can act on. */
export const orUnavailable = async <Value>(answer: Promise<Value>): Promise<Value> => {
  try {
    return await answer
  } catch (cause) {
    throw new Problem('UNAVAILABLE', `redis: ${(cause as Error).message}`, { retryAfterMs: 1_000 }, { cause })
  }
}

/**
 * A connection that answers within `patienceMs`, 200 unless told, or rejects; `connect()` opens it. It reconnects by itself; while it is away
 * every command is refused at once, and so it is from an answer that has not come in time until one that is. Time in which this
 * process stood still does not count. One Redis, not a cluster: a command may read keys of many people.
 */
export function openRedis(url: string, patienceMs = usualPatienceMs): Redis {
  // What is late is refused sooner; this is for who says nothing at all.
  const introducedMs = Math.max(introducedWithinMs, 2 * patienceMs)
  // No automatic pipelining: what waits behind a pipeline has no time-out of its own. `turn.ts` gathers the hot reads.
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    commandTimeout: introducedMs,
    connectTimeout: introducedMs,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
  })
  // Each command says for itself that the connection is gone; without a listener the process would end.
  redis.on('error', () => {})
  const { isLate } = refuseWhileLate(redis, patienceMs)
  traceCommands(redis)
  const { timed } = watchRedisHealth(() => redis.status === 'ready' && !isLate())
  patienceOf.set(redis, patienceMs)
  watchOver(redis, patienceMs, timed)
  return redis
}

/**
 * A connection of the same kind, to the same Redis, for what is told there; `connect()` opens it, and Redis lists it by `name`. It
 * comes back by itself, but hears nothing then that it was not told to hear again. One that died without a word is noticed within
 * two seconds, or a second after the patience of the other is over.
 */
export function redisForListening(redis: Redis, name: string): Redis {
  const ear = redis.duplicate({ autoResubscribe: false, lazyConnect: true, connectionName: name })
  ear.on('error', () => {})
  watchOver(ear, patienceOf.get(redis) ?? usualPatienceMs)
  return ear
}

/** Many requests read more than once, one read after the other: a store that is late in each of them is a hang. */
function refuseWhileLate(redis: Redis, lateAfterMs: number): Pick<Lateness, 'isLate'> {
  const isThere = () => redis.status === 'ready'
  const lateness = createLateness({ lateAfterMs, awake: awakeClock, isThere, probe: () => redis.ping() })
  const pipelines = new WeakMap<object, Command[]>()
  const send = redis.sendCommand.bind(redis)

  /** The others of a pipeline are given up with the first: it is as long as it is, and its first answer tells whether it is late. */
  function judge(command: Command, stream: Stream): void {
    const others = stream && pipelines.get(stream)
    if (others) {
      others.push(command)
      return
    }
    const those = [command]
    if (stream) pipelines.set(stream, those)
    const answered = lateness.asked(() => {
      for (const each of those) each.reject(lateAnswer())
    })
    command.promise.then(answered, answered)
  }

  redis.sendCommand = (command, stream) => {
    // A connection that is not ready yet has to introduce itself; and a ping is how it is found out.
    if (!isThere() || command.name === 'ping') return send(command, stream)
    if (lateness.isLate()) {
      command.reject(lateAnswer())
      return command.promise
    }
    judge(command, stream)
    return send(command, stream)
  }
  return lateness
}

type Command = Parameters<Redis['sendCommand']>[0]
type Stream = Parameters<Redis['sendCommand']>[1]

const lateAnswer = () => new Error('it answers late')

/** A connection that died without a word (a NAT that forgot it) is only noticed by asking. */
function watchOver(
  redis: Redis,
  patienceMs: number,
  awaiting = (ping: Promise<unknown>): Promise<unknown> => ping,
): void {
  const { nowMs, wait } = awakeClock
  const withinMs = Math.max(heartbeatWithinMs, patienceMs)
  let askedMs: number | undefined
  const ask = async () => {
    const over = wait()
    askedMs = nowMs()
    await awaiting(redis.ping()).catch(() => redis.disconnect(true))
    askedMs = undefined
    over()
  }
  const timer = setInterval(() => {
    if (redis.status !== 'ready') return
    if (askedMs === undefined) void ask()
    else if (nowMs() - askedMs > withinMs) redis.disconnect(true)
  }, heartbeatMs)
  timer.unref()
  redis.on('end', () => clearInterval(timer))
}
