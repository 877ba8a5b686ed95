/** Keys that are taken back, in GraphQL. */
import type { GuardedContext } from '@latchkey/subgraph'
import type { Withdrawal, WithdrawInput } from './service.ts'

export interface WithdrawalContext extends GuardedContext {
  readonly withdrawal: Withdrawal
}

export const withdrawalResolvers = {
  Mutation: {
    withdrawApiKeys: (_: unknown, input: WithdrawInput, { withdrawal, principal, requestId }: WithdrawalContext) =>
      withdrawal.withdraw(input, { principal, requestId }),
  },
}
