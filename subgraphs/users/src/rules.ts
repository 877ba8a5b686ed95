/** Rules that several features share. */
import { Problem } from '@latchkey/problem'
import { inOrder, rule, signedIn } from '@latchkey/subgraph/guard'

const noService = rule(
  'noService',
  (_parent, _args, { principal }) =>
    principal.kind !== 'service' || new Problem('FORBIDDEN', 'a service has no account'),
  { cache: 'principal' },
)

/** A person, or a key that acts for one: anonymous callers are UNAUTHENTICATED, services FORBIDDEN. */
export const someone = inOrder(noService, signedIn)
