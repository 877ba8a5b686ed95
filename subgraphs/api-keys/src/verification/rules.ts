/** The records are for the gateway alone: they hold what a guess can be tried against. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const forTheGateway = onlyService('gateway')

export const verificationRules = {
  Query: { apiKeyRecord: forTheGateway },
  ApiKeyRecord: forTheGateway,
} satisfies Rules
