/** Who may change an address: a person who has just proved who they are; to confirm and undo it, who holds the token. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { freshPerson } from '../rules.ts'

export const emailChangeRules = {
  Mutation: { requestEmailChange: freshPerson, confirmEmailChange: allow, undoEmailChange: allow },
  RequestEmailChangePayload: allow,
  ConfirmEmailChangePayload: allow,
  UndoEmailChangePayload: allow,
} satisfies Rules
