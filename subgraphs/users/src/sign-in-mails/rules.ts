/** Who may have somebody mailed a way in, and have one used: Sessions, which counts the tries. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const signInMailRules = {
  Mutation: { sendSignInMail: sessions, checkSignInLink: sessions, checkSignInCode: sessions },
  SignInMail: sessions,
  SignInMailCheck: sessions,
} satisfies Rules
