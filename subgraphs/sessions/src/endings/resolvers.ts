/** The ends of sessions, as the graph subscribes to them. */
import type { StreamEvent } from '@latchkey/subgraph/transport'
import { endingIn } from './ending.ts'

export const endingResolvers = {
  Subscription: { sessionEnded: (event: StreamEvent | undefined) => (event ? endingIn(event) : null) },
}
