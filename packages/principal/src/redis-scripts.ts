/** Scripts in Redis: sent by their digest, and by their text to a Redis that does not know them. */
import { createHash } from 'node:crypto'
import { Problem } from '@latchkey/problem'
import { orUnavailable, type Redis } from './redis.ts'

export interface Script {
  readonly text: string
  readonly digest: string
}

export const scriptOf = (text: string): Script => ({ text, digest: createHash('sha1').update(text).digest('hex') })

/** One run of a script over one key. */
export interface Run {
  readonly key: string
  readonly values: readonly (string | number)[]
}

const isUnknown = (error: Error | null): boolean => error?.message.startsWith('NOSCRIPT') === true

/** Many runs in one round trip; each decides for itself. Rejects with UNAVAILABLE when one of them is not answered. */
export async function runScript(redis: Redis, { text, digest }: Script, runs: readonly Run[]): Promise<unknown[]> {
  if (runs.length === 0) return []
  const byDigest = redis.pipeline()
  for (const { key, values } of runs) byDigest.evalsha(digest, 1, key, ...values)
  const answers = (await orUnavailable(byDigest.exec())) ?? []
  const lost = runs.filter((_, at) => isUnknown(answers[at]?.[0] ?? null))
  if (lost.length === 0) return runs.map((_, at) => answered(answers[at]))
  const byText = redis.pipeline()
  for (const { key, values } of lost) byText.eval(text, 1, key, ...values)
  const again = ((await orUnavailable(byText.exec())) ?? []).values()
  return runs.map((_, at) => answered(isUnknown(answers[at]?.[0] ?? null) ? again.next().value : answers[at]))
}

function answered(answer: [Error | null, unknown] | undefined): unknown {
  if (answer && answer[0] === null) return answer[1]
  throw new Problem('UNAVAILABLE', `redis: ${answer?.[0]?.message ?? 'no answer'}`, { retryAfterMs: 1_000 })
}
