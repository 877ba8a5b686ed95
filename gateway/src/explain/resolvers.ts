/** Explanations in GraphQL. */
import type { GuardedContext, Resolvers } from '@latchkey/subgraph'
import type { Client } from '@latchkey/subgraph/transport'
import type { ExplainInput } from './question.ts'
import type { ExplainService } from './service.ts'

export interface ExplainContext extends GuardedContext {
  readonly explainService: ExplainService
  readonly client: Client | undefined
}

export const resolvers: Resolvers<ExplainContext> = {
  Query: {
    explainAccess: async (_: unknown, { input }: { input: ExplainInput }, context: ExplainContext) => ({
      ...(await context.explainService.explain(input, context)),
      decisionId: context.requestId,
    }),
  },
}
