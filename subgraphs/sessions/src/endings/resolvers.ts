/** The ends of sessions, as the graph subscribes to them. */
import type { StreamEvent } from '@latchkey/subgraph/transport'
import type { SessionsContext } from '../context.ts'
import { type AccountChange, endingIn } from './ending.ts'

interface ChangedAccount {
  readonly userId: string
  readonly change: AccountChange
}

export const endingResolvers = {
  Mutation: {
    forgetEndedSessions: async (_: unknown, { userId, change }: ChangedAccount, { sessions }: SessionsContext) => ({
      forgotten: await sessions.forgetEnded(userId, change),
    }),
  },
  Subscription: { sessionEnded: (event: StreamEvent | undefined) => (event ? endingIn(event) : null) },
}
