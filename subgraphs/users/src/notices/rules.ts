/** Who may say that it was not them: whoever holds the token from the notice. Of new devices, Sessions alone knows. */
import { allow, onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const noticeRules = {
  Mutation: { reportNotMe: allow, noteNewDevice: sessions },
  ReportNotMePayload: allow,
  NoteNewDevicePayload: sessions,
} satisfies Rules
