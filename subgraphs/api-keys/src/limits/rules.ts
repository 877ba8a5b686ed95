/** Who may see what a key has left: whoever may see the key. What was written down is for the gateway alone. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'
import { mayReadKeys, theirKey } from '../keys/rules.ts'

const forTheGateway = onlyService('gateway')

export const limitRules = {
  Query: { apiKeyUsesSpent: forTheGateway },
  ApiKey: { rateLimits: theirKey, uses: theirKey, usesLeft: theirKey },
  ApiKeyRateLimit: mayReadKeys,
  ApiKeyUses: mayReadKeys,
  ApiKeyUsesSpent: forTheGateway,
} satisfies Rules
