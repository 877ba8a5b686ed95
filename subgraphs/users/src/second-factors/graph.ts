/** The resolvers and rules of everything about second factors. */
import type { Resolvers } from '@latchkey/subgraph'
import type { Rules } from '@latchkey/subgraph/guard'
import type { UsersContext } from '../context.ts'
import { emailCodeResolvers } from '../email-codes/resolvers.ts'
import { emailCodeRules } from '../email-codes/rules.ts'
import { passkeyResolvers } from '../passkeys/resolvers.ts'
import { passkeyRules } from '../passkeys/rules.ts'
import { recoveryCodeResolvers } from '../recovery-codes/resolvers.ts'
import { recoveryCodeRules } from '../recovery-codes/rules.ts'
import { totpResolvers } from '../totp/resolvers.ts'
import { totpRules } from '../totp/rules.ts'
import { secondFactorResolvers } from './resolvers.ts'
import { secondFactorRules } from './rules.ts'

export const factorRules: readonly Rules[] = [
  secondFactorRules,
  totpRules,
  recoveryCodeRules,
  emailCodeRules,
  passkeyRules,
]

export const factorResolvers: readonly Resolvers<UsersContext>[] = [
  secondFactorResolvers,
  totpResolvers,
  recoveryCodeResolvers,
  emailCodeResolvers,
  passkeyResolvers,
]
