/** What is written in the transaction of a change: who did it, and the word to pass on. */
import type { Named } from '@latchkey/audit'
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { ApiKeyPrincipal, ServicePrincipal, UserPrincipal } from '@latchkey/principal'
import type { ApiKey } from './key.ts'

export type KeyAction = Named<`api-key.${
  | 'created'
  | 'updated'
  | 'disabled'
  | 'enabled'
  | 'rotated'
  | 'revoked'
  | 'fields-accepted'
  | 'access-stale'
  | 'imported'
  | 'rehashed'
  | 'exported'}`>

export interface AuditRecord {
  readonly id: string
  readonly at: Date
  readonly actorKind: 'user' | 'apiKey' | 'service' | 'operator'
  /** The user, the id of the key, or the name of the service that asked. */
  readonly actorId: string
  readonly action: KeyAction
  readonly target: string
  readonly outcome: 'done'
  readonly requestId: string
  readonly detail: Readonly<Record<string, string | readonly string[] | null>>
}

/** What is to be told to the owner of a key, besides what happened to it. */
export type KeyErrand = 'key-notice'

/** A message on its way out; `sealedPayload` holds the id of the key, and of an errand what is to be done. */
export interface OutboxMessage {
  readonly kind: KeyAction | KeyErrand
  readonly sealedPayload: string
  readonly createdAt: Date
}

export interface Trail {
  readonly audit: AuditRecord
  readonly message: OutboxMessage
}

/** Where sealed payloads belong, so that one cannot be moved elsewhere. */
export const outboxPayload = 'api_keys.outbox.payload'

/** What a record says of the key as it was made, or as it is after a change. */
export const detailOf = ({ scopes, expiresAt, confinement }: ApiKey): AuditRecord['detail'] => ({
  ...{ scopes, expiresAt: expiresAt.toISOString() },
  persistedOperations: confinement.persistedOperations ?? 'OFF',
})

/** Who asks, and in which request. */
export interface Asker {
  readonly principal: UserPrincipal | ApiKeyPrincipal | ServicePrincipal
  readonly requestId: string
}

export interface TrailDependencies {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly seal: (payload: string) => string
}

export function trailOf(
  action: KeyAction,
  keyId: string,
  { principal, requestId }: Asker,
  detail: AuditRecord['detail'],
  { clock, entropy, seal }: TrailDependencies,
): Trail {
  const at = clock.now()
  return {
    audit: {
      id: newId(entropy, 'aud'),
      at,
      actorKind: principal.kind,
      actorId: idOf(principal),
      action,
      target: keyId,
      outcome: 'done',
      requestId,
      detail,
    },
    message: { kind: action, sealedPayload: seal(JSON.stringify({ keyId })), createdAt: at },
  }
}

function idOf(principal: Asker['principal']): string {
  switch (principal.kind) {
    case 'user':
      return principal.userId
    case 'apiKey':
      return principal.keyId
    case 'service':
      return principal.name
  }
}
