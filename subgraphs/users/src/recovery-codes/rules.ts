/** Who may make new recovery codes: their owner. */
import { allow, type Rules, signedInPerson } from '@latchkey/subgraph/guard'

export const recoveryCodeRules = {
  Mutation: { regenerateRecoveryCodes: signedInPerson },
  RegenerateRecoveryCodesPayload: allow,
} satisfies Rules
