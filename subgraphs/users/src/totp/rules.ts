/** Who may change the authenticator app: its owner. */
import { allow, type Rules, signedInPerson } from '@latchkey/subgraph/guard'

export const totpRules = {
  Mutation: { enrolTotp: signedInPerson, confirmTotp: signedInPerson, removeTotp: signedInPerson },
  EnrolTotpPayload: allow,
  ConfirmTotpPayload: allow,
  RemoveTotpPayload: allow,
} satisfies Rules
