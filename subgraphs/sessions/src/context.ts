/** What resolvers and rules of this subgraph find in their context: a new one for each operation. */
import type { Clock } from '@latchkey/clock'
import type { Client } from '@latchkey/subgraph/transport'
import type { Attempts } from './attempts/service.ts'
import type { AuditRecordsContext } from './audit-records/resolvers.ts'
import type { Impersonations } from './impersonation/service.ts'
import type { LoginAttempts } from './login-attempts/service.ts'
import type { Networks } from './networks/service.ts'
import type { Privacy } from './privacy/service.ts'
import type { Sessions } from './sessions/service.ts'
import type { MailSignIn } from './sign-in/mail.ts'
import type { PasskeySignIn } from './sign-in/passkey.ts'
import type { SecondFactors } from './sign-in/second-factor.ts'
import type { SignIn } from './sign-in/service.ts'
import type { StepUps } from './step-up/service.ts'
import type { Tokens } from './tokens/service.ts'
import type { Unlocking } from './unlocking/service.ts'

export interface SessionsContext extends AuditRecordsContext {
  readonly client: Client | undefined
  readonly clock: Clock
  readonly signIn: SignIn
  readonly secondFactors: SecondFactors
  readonly passkeySignIn: PasskeySignIn
  readonly mailSignIn: MailSignIn
  readonly stepUps: StepUps
  readonly impersonations: Impersonations
  readonly loginAttempts: LoginAttempts
  readonly attempts: Pick<Attempts, 'charge'>
  readonly networks: Networks
  readonly unlocking: Unlocking
  readonly sessions: Sessions
  readonly tokens: Tokens
  readonly privacy: Privacy
  /** The session and the user of a sign-in in this very operation: who asked was anonymous, and may read their ids. */
  readonly signedInHere: Set<object>
}
