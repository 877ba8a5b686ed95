/** Who may have keys taken back: Users, which knows since when an account was not its owner's alone. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const users = onlyService('users')

export const withdrawalRules = { Mutation: { withdrawApiKeys: users }, ApiKeyWithdrawal: users } satisfies Rules
