/** Who may step up: a person with a session, and by the schema for themselves. */
import { allow, type Rules, signedInPerson } from '@latchkey/subgraph/guard'

export const stepUpRules = {
  Mutation: { startStepUp: signedInPerson, stepUp: signedInPerson },
  // It exists only in the answer to whoever began.
  StartStepUpPayload: allow,
} satisfies Rules
