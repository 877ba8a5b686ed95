/** Who may say that it was not them: whoever holds the token from the notice. Of devices and tokens, Sessions alone knows. */
import { allow, onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const noticeRules = {
  Mutation: { reportNotMe: allow, noteNewDevice: sessions, noteReusedToken: sessions },
  ReportNotMePayload: allow,
  NoteNewDevicePayload: sessions,
  NoteReusedTokenPayload: sessions,
} satisfies Rules
