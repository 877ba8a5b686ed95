/** Uses of keys, as the graph subscribes to them. */
import type { StreamEvent } from '@latchkey/subgraph/transport'
import { ownReachOf } from '../keys/reach.ts'
import type { KeyContext } from '../keys/resolvers.ts'

export const streamResolvers = {
  Subscription: {
    // Also when the stream begins: a key that is not theirs is not there.
    apiKeyUsed: async (event: StreamEvent | undefined, { id }: { id: string }, { keys, principal }: KeyContext) => {
      const apiKey = await keys.visible(id, ownReachOf(principal))
      return event ? { ...event.facts, apiKey } : null
    },
  },
  ApiKeyUsed: { at: ({ at }: { at: number }) => new Date(at).toISOString() },
}
