/** Who may delete an account, its owner; and who may undo it, whoever holds the token from the mail. */
import { allow, type Rules, signedInPerson } from '@latchkey/subgraph/guard'

export const deletionRules = {
  Mutation: { deleteMe: signedInPerson, undoDeletion: allow },
  DeleteMePayload: allow,
  UndoDeletionPayload: allow,
} satisfies Rules
