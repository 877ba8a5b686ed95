/** Who may step up: a person with a session, for themselves. */
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, rule, signedInPerson } from '@latchkey/subgraph/guard'

const inPerson = rule(
  'inPerson',
  (_parent, _args, { principal }) =>
    (principal.kind === 'user' && !principal.act) || new Problem('FORBIDDEN', 'nobody proves to be somebody else'),
  { cache: 'principal' },
)

const mayStepUp = inOrder(signedInPerson, inPerson)

export const stepUpRules = {
  Mutation: { startStepUp: mayStepUp, stepUp: mayStepUp },
  // It exists only in the answer to whoever began.
  StartStepUpPayload: allow,
} satisfies Rules
