/** Who may see what a key has left: whoever may see the key, and services that verify it. What was written down is for the gateway alone. */
import { anyOf, onlyService, type Rules } from '@latchkey/subgraph/guard'
import { mayReadKeys, theirKey } from '../keys/rules.ts'
import { verifyingService } from '../verification/rules.ts'

const forTheGateway = onlyService('gateway')

export const limitRules = {
  Query: { apiKeyUsesSpent: forTheGateway },
  ApiKey: { rateLimits: theirKey, uses: theirKey, usesLeft: theirKey },
  ApiKeyRateLimit: anyOf(mayReadKeys, verifyingService),
  ApiKeyUses: mayReadKeys,
  ApiKeyUsesSpent: forTheGateway,
} satisfies Rules
