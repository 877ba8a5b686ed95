/** Scripts in Redis: sent by their digest, and by their text to a Redis that does not know them. */
import { createHash } from 'node:crypto'
import { orUnavailable, type Redis } from './redis.ts'

export interface Script {
  readonly text: string
  readonly digest: string
}

export const scriptOf = (text: string): Script => ({ text, digest: createHash('sha1').update(text).digest('hex') })

/** One run of a script. */
export interface Run {
  readonly keys: readonly string[]
  readonly values: readonly (string | number)[]
}

/** Many runs in one round trip; each decides for itself. Rejects with UNAVAILABLE when one of them is not answered. */
export const runScript = (redis: Redis, script: Script, runs: readonly Run[]): Promise<unknown[]> =>
  orUnavailable(Promise.all(runs.map((run) => runOne(redis, script, run))))

async function runOne(redis: Redis, { digest, text }: Script, { keys, values }: Run): Promise<unknown> {
  try {
    return await redis.evalsha(digest, keys.length, ...keys, ...values)
  } catch (error) {
    if (!isUnknown(error)) throw error
    return redis.eval(text, keys.length, ...keys, ...values)
  }
}

const isUnknown = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')
