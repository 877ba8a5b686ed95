/** GraphQL in, usage of keys out. */
import type { GuardedContext } from '@latchkey/subgraph'
import type { ListedKey } from '../keys/key.ts'
import { reachOf } from '../keys/reach.ts'
import { type KeyContext, whole } from '../keys/resolvers.ts'
import type { Denial, Figures, UsagePoint } from './figures.ts'
import { percentile } from './latency.ts'
import type { ListInput, UnusedGrants, Usage, UsageInput } from './service.ts'

export interface UsageContext extends GuardedContext {
  readonly usage: Usage
}

type Both = UsageContext & KeyContext
type CsvInput = Omit<UsageInput, 'first'> & { readonly id: string }

const figures = {
  p50: ({ latency }: Figures) => percentile(latency, 0.5),
  p95: ({ latency }: Figures) => percentile(latency, 0.95),
  p99: ({ latency }: Figures) => percentile(latency, 0.99),
}

/** A refused request may have been refused before it was known what it asks. */
const named = (operationId: string | undefined): string | null => operationId || null

export const usageResolvers = {
  Query: {
    apiKeyUsageCsv: async (_: unknown, { id, ...input }: CsvInput, { keys, usage, principal }: Both) =>
      usage.csv(await keys.visible(id, reachOf(principal)), input),
  },
  ApiKey: {
    usage: (key: ListedKey, input: UsageInput, { usage }: UsageContext) => usage.points(key, input),
    topOperations: (key: ListedKey, input: ListInput, { usage }: UsageContext) => usage.operations(key, input),
    deniedRequests: (key: ListedKey, input: ListInput, { usage }: UsageContext) => usage.denials(key, input),
    lastUsedAt: async (key: ListedKey, _: unknown, { usage }: UsageContext) => {
      const last = await usage.lastUse(key)
      return last && new Date(last.atMs).toISOString()
    },
    lastUsedOperation: async (key: ListedKey, _: unknown, { usage }: UsageContext) =>
      named((await usage.lastUse(key))?.operationId),
    unusedGrants: async (key: ListedKey, { days }: { readonly days?: number | null }, context: Both) =>
      context.usage.unusedGrants(await whole(key, context), days),
  },
  ApiKeyUsagePoint: { at: ({ at }: UsagePoint) => at.toISOString(), ...figures },
  ApiKeyOperationUsage: {
    operation: ({ operation }: { readonly operation: string }) => named(operation),
    ...figures,
  },
  ApiKeyDenial: {
    operation: ({ operation }: Denial) => named(operation),
    lastAt: ({ lastAt }: Denial) => lastAt.toISOString(),
  },
  ApiKeyUnusedGrants: { since: ({ since }: UnusedGrants) => since.toISOString() },
}
