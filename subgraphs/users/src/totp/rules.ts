/** Who may change the authenticator app: its owner, who has only just signed in. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { freshPerson } from '../rules.ts'

export const totpRules = {
  Mutation: { enrolTotp: freshPerson, confirmTotp: freshPerson, removeTotp: freshPerson },
  EnrolTotpPayload: allow,
  ConfirmTotpPayload: allow,
  RemoveTotpPayload: allow,
} satisfies Rules
