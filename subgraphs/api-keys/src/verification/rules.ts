/** The records are for the gateway alone: they hold what a guess can be tried against. Verdicts are for services that may ask. */
import { holdsScope } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { onlyService, type Rules, rule } from '@latchkey/subgraph/guard'

const forTheGateway = onlyService('gateway')

/** What a service holds that may ask what a key is worth. No person and no key can hold it. */
export const verifyScope = 'keys:verify'

export const verifyingService = rule(
  'verifyingService',
  (_parent, _args, { principal }) => {
    if (principal.kind === 'anonymous') return new Problem('UNAUTHENTICATED')
    return (principal.kind === 'service' && holdsScope(principal, verifyScope)) || new Problem('FORBIDDEN')
  },
  { cache: 'principal' },
)

export const verificationRules = {
  Query: { apiKeyRecord: forTheGateway },
  Mutation: { verifyApiKey: verifyingService },
  ApiKeyRecord: forTheGateway,
  ApiKeyValid: verifyingService,
  ApiKeyRefused: verifyingService,
  PresentedApiKey: verifyingService,
} satisfies Rules
