/** Who may see second factors, and who may have one checked. */
import { Problem } from '@latchkey/problem'
import { onlyService, type Rules, rule } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'

const sessions = onlyService('sessions')

/** A session that began with two factors. */
export const twoFactors = rule(
  'twoFactors',
  (_parent, _args, { principal }) =>
    (principal.kind === 'user' && principal.acr === 'aal2') || new Problem('STEP_UP_REQUIRED'),
  { cache: 'principal' },
)

export const secondFactorRules = {
  Query: { passkeyOptions: sessions },
  Mutation: { checkSecondFactor: sessions, checkPasskey: sessions },
  User: { secondFactors: maySeeAccount, recoveryCodesLeft: maySeeAccount },
  FactorCheck: sessions,
  PasskeyOptions: sessions,
} satisfies Rules
