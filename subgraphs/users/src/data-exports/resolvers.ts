/** Data exports in GraphQL. */
import { actingUserId } from '@latchkey/principal'
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { DataExport } from './data-export.ts'

export const dataExportResolvers: Resolvers<UsersContext> = {
  Mutation: {
    requestDataExport: async (_parent, _args, context) => ({
      dataExport: await context.dataExportService.request(actingUserId(context.principal) ?? '', causeOf(context)),
    }),
  },
  User: {
    dataExports: ({ id }: { id: string }, _args, { dataExportService }) => dataExportService.of(id),
  },
  DataExport: {
    document: (dataExport: DataExport, _args, context) => context.dataExportService.read(dataExport, causeOf(context)),
  },
}
