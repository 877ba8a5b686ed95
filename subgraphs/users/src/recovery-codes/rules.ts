/** Who may make new recovery codes: their owner, who has only just signed in with two factors. */
import { allow, inOrder, type Rules } from '@latchkey/subgraph/guard'
import { freshPerson } from '../rules.ts'
import { twoFactors } from '../second-factors/rules.ts'

export const recoveryCodeRules = {
  Mutation: { regenerateRecoveryCodes: inOrder(freshPerson, twoFactors) },
  RegenerateRecoveryCodesPayload: allow,
} satisfies Rules
