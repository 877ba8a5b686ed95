/** Who may see what a key was used for: whoever may see the key. */
import type { Rules } from '@latchkey/subgraph/guard'
import { mayReadKeys, theirKey } from '../keys/rules.ts'

export const usageRules = {
  Query: { apiKeyUsageCsv: mayReadKeys },
  ApiKey: {
    usage: theirKey,
    topOperations: theirKey,
    deniedRequests: theirKey,
    lastUsedAt: theirKey,
    lastUsedOperation: theirKey,
    unusedGrants: theirKey,
  },
  ApiKeyUsagePoint: mayReadKeys,
  ApiKeyOperationUsage: mayReadKeys,
  ApiKeyDenial: mayReadKeys,
  ApiKeyUnusedGrants: mayReadKeys,
  ApiKeyUsageCsv: mayReadKeys,
} satisfies Rules
