/** Who may say that signing in was stopped: Sessions, which stops it. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const stoppedSignInRules = {
  Mutation: { noteStoppedSignIn: sessions },
  NoteStoppedSignInPayload: sessions,
} satisfies Rules
