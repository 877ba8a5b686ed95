/** Who may change an address: a person; to confirm and undo it, who holds the token. */
import { allow, type Rules, signedInPerson } from '@latchkey/subgraph/guard'

export const emailChangeRules = {
  Mutation: { requestEmailChange: signedInPerson, confirmEmailChange: allow, undoEmailChange: allow },
  RequestEmailChangePayload: allow,
  ConfirmEmailChangePayload: allow,
  UndoEmailChangePayload: allow,
} satisfies Rules
