/** Who may say that it was not them: whoever holds the token from the notice. Of new devices and of staff in somebody's place, Sessions alone knows. */
import { allow, onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const noticeRules = {
  Mutation: { reportNotMe: allow, noteNewDevice: sessions, noteImpersonation: sessions },
  ReportNotMePayload: allow,
  NoteNewDevicePayload: sessions,
  NoteImpersonationPayload: sessions,
} satisfies Rules
