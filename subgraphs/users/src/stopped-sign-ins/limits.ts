/** The limits on signing in, which Sessions keeps: what Users has to say about them, as the service `users`. */
import { type Entropy, newId } from '@latchkey/clock'
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import type { Contacts } from '../accounts/contact.ts'
import type { Cause } from '../audit/audit.ts'

export interface SignInLimits {
  /** A token that we could have made is worth nothing: it counts as a wrong try of where it came from. Never rejects. */
  charge(cause: Cause): Promise<void>
  /** Whose address it is was proved by its mail: wrong tries on it are forgiven. Rejects with UNAVAILABLE; to be tried again. */
  forgive(accountId: string): Promise<void>
  /** The same after a change that was committed, and that has it as an errand: a failure is told in the log. */
  settle(accountId: string): Promise<void>
}

interface LimitDependencies {
  /** How Sessions is asked; without it nothing is counted that could be forgiven. */
  readonly sessions: SubgraphTransport | undefined
  readonly contacts: Contacts
  readonly entropy: Entropy
  readonly logger: Logger
}

const chargeWrongTry = 'mutation ChargeWrongTry { chargeWrongTry { outcome } }'
const forgiveSignIn = 'mutation ForgiveSignIn($email: String!) { forgiveSignIn(email: $email) { outcome } }'

const asUsers: ServicePrincipal = { kind: 'service', name: 'users', scopes: [] }

export function createSignInLimits({ sessions, contacts, entropy, logger }: LimitDependencies): SignInLimits {
  async function ask(query: string, variables: Record<string, string>, cause?: Cause): Promise<void> {
    const requestId = cause?.requestId ?? newId(entropy, 'req')
    const answer = await sessions?.({ query, variables, principal: asUsers, requestId, client: cause?.client })
    const [error] = answer?.errors ?? []
    if (error) throw new Problem('UNAVAILABLE', `sessions answered ${error.message}`)
  }

  async function forgive(accountId: string): Promise<void> {
    const contact = await contacts.of(accountId)
    if (contact) await ask(forgiveSignIn, { email: contact.address.written })
  }

  return {
    charge: (cause) =>
      ask(chargeWrongTry, {}, cause).catch((err: unknown) =>
        logger.warn({ err, requestId: cause.requestId }, 'a wrong token could not be counted'),
      ),
    forgive,
    settle: (accountId) =>
      forgive(accountId).catch((err: unknown) =>
        logger.warn({ err, userId: accountId }, 'wrong tries could not be forgiven yet; it is tried again'),
      ),
  }
}
