/** An account that nobody signs in to, its key, and whoever answers for it. */
import { apiKey, ask, bearer, type SignedIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'
import { type Played, perform } from './person.ts'

export interface OpenedService extends Played {
  readonly userId: string
}

export async function opensAServiceAccount(
  { gateways: [gateway, other] }: Topology,
  administrator: SignedIn,
  responsible: SignedIn,
): Promise<OpenedService> {
  const admin = bearer(administrator.accessToken)
  const words = { name: 'Cormorant of the east mole', description: 'dives for what was lost at high water' }
  const input = { ...words, responsible: [responsible.userId] }
  const { account } = await perform(gateway, admin, 'createServiceAccount', input, 'account { id }')
  const keyName = 'the rope that holds the bird'
  const key = { name: keyName, scopes: ['profile:read'], ownerId: account.id }
  const { secret } = await perform(other, admin, 'createApiKey', key, 'secret')
  const { errors } = await ask(gateway, apiKey(secret), '{ me { id displayName serviceAccount { description } } }')
  if (errors.length > 0) throw new Error(`its key was refused: ${errors[0]?.message}`)
  return {
    userId: account.id,
    hidden: { ...words, 'secret of its key': secret.slice(-40) },
    untilErased: { 'what its key is called': keyName },
  }
}
