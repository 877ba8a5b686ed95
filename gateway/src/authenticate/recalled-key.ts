/** `x-api-key` by what was read before: the caller at once, provided that nothing has changed when their key spends. */
import { createKeyRecall, type KeyRecallDependencies } from '@latchkey/principal/key-recall'
import type { Recall } from '../pipeline.ts'
import { type ApiKeyDependencies, callerByKey } from './api-key.ts'

type KeyRecallingDependencies = KeyRecallDependencies & Pick<ApiKeyDependencies, 'renewKey'>

/** Recalls who comes with a key and no other credential. `undefined` where to read costs nothing. */
export function createApiKeyRecall(dependencies: KeyRecallingDependencies): Recall | undefined {
  const { renewKey } = dependencies
  const recall = createKeyRecall(dependencies)
  if (!recall) return undefined
  return ({ 'x-api-key': text, origin, authorization, cookie }, { address }) => {
    if (typeof text !== 'string' || authorization !== undefined || cookie !== undefined) return null
    const recalled = recall(text, { address, origin: typeof origin === 'string' ? origin : undefined })
    if (!recalled) return null
    const { key, grants, proviso, welcome } = recalled
    const confirmed = () => {
      welcome()
      renewKey(key, text)
    }
    return { key, caller: callerByKey(key, grants), proviso, confirmed }
  }
}
