/** Who may say that it was not them: whoever holds the token from the notice. Of devices, tokens and staff in somebody's place, Sessions alone knows. */
import { allow, onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const noticeRules = {
  Mutation: { reportNotMe: allow, noteNewDevice: sessions, noteReusedToken: sessions, noteImpersonation: sessions },
  ReportNotMePayload: allow,
  NoteNewDevicePayload: sessions,
  NoteReusedTokenPayload: sessions,
  NoteImpersonationPayload: sessions,
} satisfies Rules
