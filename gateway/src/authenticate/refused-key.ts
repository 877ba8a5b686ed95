/** Which key a refusal is of, once its secret has matched. It stands beside the refusal and not in it: nobody outside is told. */
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { Problem } from '@latchkey/problem'

const keys = new WeakMap<object, ApiKeyRecord>()

export function refusedWith(key: ApiKeyRecord, problem: Problem): Problem {
  keys.set(problem, key)
  return problem
}

export const keyRefusedBy = (thrown: unknown): ApiKeyRecord | undefined =>
  typeof thrown === 'object' && thrown !== null ? keys.get(thrown) : undefined
