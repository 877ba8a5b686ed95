/** Who may see which login attempts. Somebody else's account is NOT_FOUND. */
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, requiresScopes, rule, signedIn } from '@latchkey/subgraph/guard'
import { maySeeAttemptsOf } from './login-attempt.ts'

const attemptsAreTheirs = rule(
  'attemptsAreTheirs',
  ({ id }: { id: string }, _args, { principal }) =>
    maySeeAttemptsOf(principal, id) || new Problem('NOT_FOUND', `login attempts of ${id}`),
  { cache: 'none' },
)

export const loginAttemptRules = {
  Query: { loginAttempts: requiresScopes(['attempts:read']) },
  User: { loginAttempts: inOrder(signedIn, attemptsAreTheirs) },
  // Reached through the two fields above only.
  LoginAttempt: allow,
  LoginAttemptConnection: allow,
  LoginAttemptEdge: allow,
  PageInfo: allow,
} satisfies Rules
