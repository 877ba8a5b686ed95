/** What waits to be counted, in a Redis stream: one entry a batch, and a consumer group so that each has one taker at a time. */

import { orUnavailable, type Redis } from '../redis.ts'
import { type TakenBatch, takenMs, type UsageStream, waitingMax } from './key-usage.ts'

export interface RedisUsageOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
  readonly entriesMax?: number
  /** Of all that waits together. */
  readonly charactersMax?: number
  /** For so long a batch is its taker's alone. */
  readonly ownedMs?: number
}

const group = 'rollups'
const field = 'batch'
/** A taker that has nothing and has not been heard of for so long is a process that ended. */
const forgottenMs = 60 * 60 * 1_000

/** So that Redis keeps room for sessions. */
const waitingCharactersMax = 268_435_456

type Entry = readonly [id: string, fields: readonly string[] | null]

/** An entry whose fields are gone was trimmed while somebody had it. */
const takenOf = (entries: readonly Entry[]): TakenBatch[] =>
  entries.flatMap(([id, fields]) => (fields?.[1] === undefined ? [] : [{ id, text: fields[1] }]))

const isMissing = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOGROUP')

export function redisUsageStream(options: RedisUsageOptions): UsageStream {
  const { redis, prefix, entriesMax = waitingMax, ownedMs = takenMs, charactersMax = waitingCharactersMax } = options
  const stream = `${prefix}key-usage`
  let lookedBackAt = 0
  let largest = 1

  /** From the beginning: what came before there was a group is counted, too. */
  const createGroup = () =>
    redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch((error: Error) => {
      if (!error.message.startsWith('BUSYGROUP')) throw error
    })

  /** A Redis that was emptied has no group any more. */
  async function withGroup<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask()
    } catch (error) {
      if (!isMissing(error)) throw error
      await createGroup()
      return ask()
    }
  }

  const takeFresh = async (taker: string, max: number): Promise<TakenBatch[]> => {
    const answer = await redis.xreadgroup('GROUP', group, taker, 'COUNT', max, 'STREAMS', stream, '>')
    // One stream was asked for: its name, and its entries.
    const [[, entries] = ['', []]] = (answer ?? []) as readonly (readonly [string, readonly Entry[]])[]
    return takenOf(entries)
  }

  /** Now and then: what a process held that has ended. */
  async function takeOver(taker: string, max: number): Promise<TakenBatch[]> {
    if (performance.now() - lookedBackAt < ownedMs / 2) return []
    lookedBackAt = performance.now()
    const answer = await redis.xautoclaim(stream, group, taker, ownedMs, '0', 'COUNT', max)
    const taken = takenOf(answer[1] as readonly Entry[])
    if (taken.length > 0) lookedBackAt = 0
    else await forgetTakers()
    return taken
  }

  async function forgetTakers(): Promise<void> {
    const takers = (await redis.xinfo('CONSUMERS', stream, group)) as readonly (readonly unknown[])[]
    for (const facts of takers) {
      const about = (name: string) => facts[facts.indexOf(name) + 1]
      if (about('pending') === 0 && Number(about('idle')) > forgottenMs)
        await redis.xgroup('DELCONSUMER', stream, group, String(about('name')))
    }
  }

  return {
    add(texts) {
      // What was large lately sets how many there may be: the bound is one of memory.
      for (const { length } of texts) largest = Math.max(length, largest * 0.999)
      return orUnavailable(addAll(redis, stream, texts, Math.min(entriesMax, Math.floor(charactersMax / largest))))
    },
    take: (taker, max) =>
      orUnavailable(
        withGroup(async () => {
          const left = await takeOver(taker, max)
          return left.length < max ? [...left, ...(await takeFresh(taker, max - left.length))] : left
        }),
      ),
    async settle(ids) {
      if (ids.length === 0) return
      const answers = await orUnavailable(
        redis
          .multi()
          .xack(stream, group, ...ids)
          .xdel(stream, ...ids)
          .exec(),
      )
      await orUnavailable(failureOf(answers))
    },
  }
}

/** What the stream had no room for is counted: XADD itself would say nothing of it. */
async function addAll(redis: Redis, stream: string, texts: readonly string[], entriesMax: number) {
  if (texts.length === 0) return { trimmed: 0 }
  const pipeline = redis.pipeline()
  for (const text of texts) pipeline.xadd(stream, '*', field, text)
  const answers = await pipeline.xtrim(stream, 'MAXLEN', '~', entriesMax).exec()
  await failureOf(answers)
  return { trimmed: Number(answers?.at(-1)?.[1] ?? 0) }
}

async function failureOf(answers: readonly (readonly [Error | null, unknown])[] | null): Promise<void> {
  const failed = answers?.find(([error]) => error)?.[0]
  if (!answers || failed) throw failed ?? new Error('the pipeline was aborted')
}
