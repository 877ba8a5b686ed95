/** Who may ask why: about themselves everybody who is signed in, about others who may explain access. */
import { allow, inOrder, type Rules, requiresScopes, rule, signedIn } from '@latchkey/subgraph/guard'
import type { ExplainInput } from './question.ts'
import { explainingScope } from './service.ts'

const mayExplain = requiresScopes([explainingScope])

const aboutThemselves = rule<unknown, { readonly input: ExplainInput }>(
  'aboutThemselves',
  (parent, args, context) => args.input.as == null || mayExplain.judge(parent, args, context),
  { cache: 'none' },
)

export const rules = {
  Query: { explainAccess: inOrder(signedIn, aboutThemselves) },
  // Reached through the field above only.
  AccessExplanation: allow,
  ExplainedCaller: allow,
  ExplainedCoordinate: allow,
  ExplainedRequirement: allow,
  ExplainedScope: allow,
  ExplainedKey: allow,
  ExplainedAssurance: allow,
  ExplainedLimit: allow,
  AccessRemedy: allow,
  AccessChange: allow,
} satisfies Rules
