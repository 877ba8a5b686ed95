/** Who may switch codes by mail on and off, and who may have one sent. */
import { allow, inOrder, onlyService, type Rules } from '@latchkey/subgraph/guard'
import { freshPerson } from '../rules.ts'
import { twoFactors } from '../second-factors/rules.ts'

const sessions = onlyService('sessions')

export const emailCodeRules = {
  Mutation: {
    enableEmailCodes: freshPerson,
    disableEmailCodes: inOrder(freshPerson, twoFactors),
    sendEmailCode: sessions,
  },
  EnableEmailCodesPayload: allow,
  DisableEmailCodesPayload: allow,
  SendEmailCodePayload: sessions,
} satisfies Rules
