/** Who may see second factors, and who may have one checked. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'

const sessions = onlyService('sessions')

export const secondFactorRules = {
  Query: { passkeyOptions: sessions, meansOf: sessions },
  Mutation: { checkSecondFactor: sessions, checkPasskey: sessions },
  User: { secondFactors: maySeeAccount, recoveryCodesLeft: maySeeAccount },
  FactorCheck: sessions,
  PasskeyOptions: sessions,
  Means: sessions,
} satisfies Rules
