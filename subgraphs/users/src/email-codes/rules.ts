/** Who may switch codes by mail on and off, and who may have one sent. */
import { allow, onlyService, type Rules, signedInPerson } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const emailCodeRules = {
  Mutation: {
    enableEmailCodes: signedInPerson,
    disableEmailCodes: signedInPerson,
    sendEmailCode: sessions,
  },
  EnableEmailCodesPayload: allow,
  DisableEmailCodesPayload: allow,
  SendEmailCodePayload: sessions,
} satisfies Rules
