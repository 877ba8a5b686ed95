/** Who may refresh: the refresh token is the credential, so whoever is not a program. */
import type { Rules } from '@latchkey/subgraph/guard'
import { mayBecomeSignedIn } from '../sign-in/rules.ts'

export const tokenRules = {
  Mutation: { refreshSession: mayBecomeSignedIn },
} satisfies Rules
