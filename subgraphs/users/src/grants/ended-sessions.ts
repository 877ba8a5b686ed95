/** Sessions that a change of their account has ended: Sessions is told to forget them, as the service `users`. */
import { type Entropy, newId } from '@latchkey/clock'
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { SessionsEnded } from '../outbox/outbox.ts'

interface EndedSessionsDependencies {
  /** How Sessions is asked; without it nobody is told. */
  readonly sessions: SubgraphTransport | undefined
  readonly entropy: Entropy
}

/** They have ended already, by the account's grants; whoever subscribes to that is told. Rejects with UNAVAILABLE; to be tried again. */
export type ForgetEndedSessions = (userId: string, change: SessionsEnded) => Promise<void>

const query = `mutation ForgetEndedSessions($userId: ID!, $change: AccountChange!) {
  forgetEndedSessions(userId: $userId, change: $change) { forgotten } }`

const asUsers: ServicePrincipal = { kind: 'service', name: 'users', scopes: [] }

export const createForgetEndedSessions =
  ({ sessions, entropy }: EndedSessionsDependencies): ForgetEndedSessions =>
  async (userId, change) => {
    const variables = { userId, change }
    const answer = await sessions?.({ query, variables, principal: asUsers, requestId: newId(entropy, 'req') })
    const [error] = answer?.errors ?? []
    if (error) throw new Problem('UNAVAILABLE', `sessions answered ${error.message}`)
  }
