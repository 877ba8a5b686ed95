/** Who may have data put together and read it: the person alone. */
import { actingUserId } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, rule, signedInPerson } from '@latchkey/subgraph/guard'
import type { DataExport } from './data-export.ts'

const ownAccount = rule<{ readonly id: string }>(
  'ownAccount',
  ({ id }, _args, { principal }) => actingUserId(principal) === id || new Problem('NOT_FOUND', `exports of ${id}`),
  { cache: 'none' },
)
const ownExport = rule<DataExport>(
  'ownExport',
  ({ id, accountId }, _args, { principal }) =>
    actingUserId(principal) === accountId || new Problem('NOT_FOUND', `export ${id}`),
  { cache: 'none' },
)

export const dataExportRules = {
  Mutation: { requestDataExport: signedInPerson },
  User: { dataExports: inOrder(signedInPerson, ownAccount) },
  RequestDataExportPayload: allow,
  DataExport: inOrder(signedInPerson, ownExport),
} satisfies Rules
