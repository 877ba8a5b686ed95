/** Who may have a password checked. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const sessions = onlyService('sessions')

export const passwordRules = { Query: { checkPassword: sessions }, PasswordCheck: sessions } satisfies Rules
