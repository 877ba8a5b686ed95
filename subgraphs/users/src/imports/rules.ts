/** Who may import accounts: a person, since rows bring passwords with them, and a key makes no credentials. */
import { allow, inOrder, type Rules, signedInPerson } from '@latchkey/subgraph/guard'
import { writesUsers } from '../administration/rules.ts'

export const importRules = {
  Mutation: { importUsers: inOrder(signedInPerson, writesUsers) },
  ImportUsersPayload: allow,
  ImportedRow: allow,
  ImportReason: allow,
} satisfies Rules
