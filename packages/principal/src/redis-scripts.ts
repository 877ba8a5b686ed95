/** Scripts in Redis: sent by their digest, and by their text to a Redis that does not know them. */
import { createHash } from 'node:crypto'
import { Problem } from '@latchkey/problem'
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

type Answer = [Error | null, unknown]

/** Many runs in one round trip; each decides for itself. Rejects with UNAVAILABLE when one of them is not answered. */
export async function runScript(redis: Redis, script: Script, runs: readonly Run[]): Promise<unknown[]> {
  if (runs.length === 0) return []
  const byDigest = redis.pipeline()
  for (const { keys, values } of runs) byDigest.evalsha(script.digest, keys.length, ...keys, ...values)
  const answers = (await orUnavailable(byDigest.exec())) ?? []
  const lost = runs.filter((_, at) => isUnknown(answers[at]))
  const again = (await runText(redis, script, lost)).values()
  return runs.map((_, at) => (isUnknown(answers[at]) ? again.next().value : answered(answers[at])))
}

async function runText(redis: Redis, { text }: Script, runs: readonly Run[]): Promise<unknown[]> {
  if (runs.length === 0) return []
  const byText = redis.pipeline()
  for (const { keys, values } of runs) byText.eval(text, keys.length, ...keys, ...values)
  const answers = (await orUnavailable(byText.exec())) ?? []
  return runs.map((_, at) => answered(answers[at]))
}

const isUnknown = (answer: Answer | undefined): boolean => answer?.[0]?.message.startsWith('NOSCRIPT') === true

function answered(answer: Answer | undefined): unknown {
  if (answer && answer[0] === null) return answer[1]
  throw new Problem('UNAVAILABLE', `redis: ${answer?.[0]?.message ?? 'no answer'}`, { retryAfterMs: 1_000 })
}
