/** Rules that several features share. */
import { Problem } from '@latchkey/problem'
import { inOrder, rule, signedIn, signedInPerson } from '@latchkey/subgraph/guard'
import type { UsersContext } from './context.ts'
import { isFresh } from './freshness.ts'

const noService = rule(
  'noService',
  (_parent, _args, { principal }) =>
    principal.kind !== 'service' || new Problem('FORBIDDEN', 'a service has no account'),
  { cache: 'principal' },
)

/** A person, or a key that acts for one: anonymous callers are UNAUTHENTICATED, services FORBIDDEN. */
export const someone = inOrder(noService, signedIn)

const isFreshSession = rule<unknown, unknown, UsersContext>(
  'isFreshSession',
  (_parent, _args, { principal, askedAt }) =>
    (principal.kind === 'user' && isFresh(principal, askedAt)) || new Problem('STEP_UP_REQUIRED'),
  { cache: 'principal' },
)

/** A person who proved in the last ten minutes who they are; no key, no service. */
export const freshPerson = inOrder(signedInPerson, isFreshSession)
