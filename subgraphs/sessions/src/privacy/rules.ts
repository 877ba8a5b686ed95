/** Who may ask for all of a person, and have them forgotten: Users, which has judged who asked it. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const users = onlyService('users')

export const privacyRules = {
  Query: { personalData: users },
  Mutation: { eraseUser: users },
  PersonalData: users,
  ErasureReceipt: users,
} satisfies Rules
