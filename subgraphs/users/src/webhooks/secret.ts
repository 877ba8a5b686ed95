/** The secret that signs what is sent to an endpoint: made here, shown once, kept sealed; while it is changed, the old one signs too. */
import { dayMs, type Entropy } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { webhookSecret } from '@latchkey/subgraph/webhooks'
import type { StoredEndpoint } from './endpoint.ts'

const secretBytes = 32

export const newEndpointSecret = (entropy: Entropy): string => webhookSecret(entropy.bytes(secretBytes))

/** How long the old secret signs beside the new one: time to bring the new one to every receiver. */
export const overlapMs = dayMs

/** Where each part is sealed. */
export const urlPlace = (id: string) => `users.webhook_endpoints.url:${id}`
export const secretPlace = (id: string) => `users.webhook_endpoints.secret:${id}`
export const previousSecretPlace = (id: string) => `users.webhook_endpoints.previous_secret:${id}`

export type SealedEndpoint = Pick<StoredEndpoint, 'id' | 'url' | 'secret' | 'previousSecret' | 'previousUntil'>

export const openUrl = (keyring: Keyring, { id, url }: Pick<StoredEndpoint, 'id' | 'url'>): URL =>
  new URL(keyring.open('data', url, urlPlace(id)).toString())

/** Those that sign at a moment, the newest first. */
export function openSecrets(keyring: Keyring, endpoint: SealedEndpoint, now: Date): readonly string[] {
  const { id, secret, previousSecret, previousUntil } = endpoint
  const newest = keyring.open('data', secret, secretPlace(id)).toString()
  if (previousSecret === null || previousUntil === null || previousUntil <= now) return [newest]
  return [newest, keyring.open('data', previousSecret, previousSecretPlace(id)).toString()]
}
