/** Who may delete an account, its owner; and who may undo it, whoever holds the token from the mail. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { freshPerson } from '../rules.ts'

export const deletionRules = {
  Mutation: { deleteMe: freshPerson, undoDeletion: allow },
  DeleteMePayload: allow,
  UndoDeletionPayload: allow,
} satisfies Rules
