/** Who may have data put together and read it: the person alone, who has only just proved who they are. */
import { actingUserId } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, rule } from '@latchkey/subgraph/guard'
import { freshPerson } from '../rules.ts'
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
  Mutation: { requestDataExport: freshPerson },
  User: { dataExports: inOrder(freshPerson, ownAccount) },
  RequestDataExportPayload: allow,
  DataExport: inOrder(freshPerson, ownExport),
} satisfies Rules
