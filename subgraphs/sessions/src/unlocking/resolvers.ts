/** Unlocking, as the graph asks for it. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import type { UnlockInput } from './service.ts'

export const unlockingResolvers = {
  Mutation: {
    async unlockSignIn(_parent: unknown, { input }: { input: UnlockInput }, context: SessionsContext) {
      await context.unlocking.unlock(input, occasionOf(context))
      return { outcome: 'UNLOCKED' }
    },
    async forgiveSignIn(_parent: unknown, { email }: { email: string }, context: SessionsContext) {
      await context.unlocking.unlock({ email }, occasionOf(context))
      return { outcome: 'UNLOCKED' }
    },
    async chargeWrongTry(_parent: unknown, _args: unknown, { attempts, client }: SessionsContext) {
      await attempts.charge(client?.address)
      return { outcome: 'CHARGED' }
    },
  },
}
