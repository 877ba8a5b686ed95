/** Imports in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { administratorOf } from '../administration/administrator.ts'
import type { UsersContext } from '../context.ts'
import { countOutcomes, linesOf } from './ndjson.ts'
import type { ImportMode, RowReport } from './service.ts'

const rowOf = ({ faults, userId, ...row }: RowReport) => ({
  ...row,
  user: userId === null ? null : { id: userId },
  reasons: Object.entries(faults).map(([field, reason]) => ({ field, reason })),
})

export const importResolvers: Resolvers<UsersContext> = {
  Mutation: {
    async importUsers(_parent, { input }: { input: { ndjson: string; mode: ImportMode } }, context) {
      const { ndjson, mode } = input
      const reports = await context.importService.importBatch(linesOf(ndjson), mode, administratorOf(context))
      return { mode, ...countOutcomes(reports), rows: reports.map(rowOf) }
    },
  },
}
