/** Audit records: what was done, by whom, to what. Written in the transaction of the change. */
import type { Named } from '@latchkey/audit'
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { deviceName } from '@latchkey/subgraph/device'
import { coarseNetwork } from '@latchkey/subgraph/network'
import type { Client } from '@latchkey/subgraph/transport'

/** Everything that is put on record here. */
export type AuditedAction = Named<
  | `account.${'register' | 'open' | 'create' | 'update' | 'import' | 'suspend' | 'restore' | 'lock' | 'delete' | 'erase'}`
  | `api-keys.${'withdraw'}`
  | `email.${'confirm' | 'resend' | 'request-change' | 'change' | 'undo-change'}`
  | `profile.${'update'}`
  | `password.${'change' | 'request-reset' | 'reset' | 'upgrade'}`
  | `invitation.${'accept'}`
  | `totp.${'enrol' | 'confirm' | 'remove'}`
  | `second-factors.${'withdraw'}`
  | `recovery-codes.${'regenerate' | 'use'}`
  | `passkey.${'add' | 'rename' | 'remove' | 'alarm'}`
  | `email-codes.${'enable' | 'disable'}`
  | `trusted-device.${'add' | 'revoke'}`
  | `role.${'create' | 'update' | 'delete' | 'grant' | 'revoke'}`
  | `sign-in.${'new-device' | 'stopped' | 'request-mail' | 'impersonate'}`
  | `session.${'token-reused'}`
  | `data-export.${'request' | 'read'}`
  | `service-account.${'create' | 'update'}`
  | `webhook-endpoint.${'create' | 'update' | 'delete' | 'rotate-secret' | 'test' | 'replay' | 'disable'}`
>

export interface Actor {
  readonly kind: Principal['kind'] | 'operator'
  readonly id: string | null
  /** In whose place a staff member acted. */
  readonly onBehalfOf?: string
}

/** Who asked, and in which request. */
export interface Cause {
  readonly actor: Actor
  readonly requestId: string | null
  /** Where it came from, when that is known. */
  readonly client?: Client | undefined
}

export interface AuditedEvent {
  readonly action: AuditedAction
  /** The id of what it was done to. */
  readonly target: string
  readonly outcome: string
  /** More of it, without personal data and without secrets. */
  readonly detail?: Readonly<Record<string, string>>
}

export interface AuditRecord extends AuditedEvent, Cause {
  readonly id: string
  readonly at: Date
  readonly detail: Readonly<Record<string, string>>
}

/** The operator at the command line, who is no principal of the graph. */
export const operator: Cause = { actor: { kind: 'operator', id: null }, requestId: null }

/** An errand or a job: nobody asked for it just now. */
export const ourselves: Cause = { actor: { kind: 'service', id: 'users' }, requestId: null }

interface Asking {
  readonly principal: Principal
  readonly requestId: string
  readonly client?: Client | undefined
}

export const causeOf = ({ principal, requestId, client }: Asking): Cause => ({
  actor: actorOf(principal),
  requestId,
  client,
})

function actorOf(principal: Principal): Actor {
  switch (principal.kind) {
    case 'user':
      return principal.act
        ? { kind: 'user', id: principal.act.sub, onBehalfOf: principal.userId }
        : { kind: 'user', id: principal.userId }
    case 'apiKey':
      return { kind: 'apiKey', id: principal.keyId }
    case 'service':
      return { kind: 'service', id: principal.name }
    case 'anonymous':
      return { kind: 'anonymous', id: null }
  }
}

export type Audit = (event: AuditedEvent, cause: Cause) => AuditRecord

/** The device, and the place as coarsely as may be kept for ever. */
function whereOf(client: Client | undefined): Readonly<Record<string, string>> {
  if (!client) return {}
  const network = coarseNetwork(client.address)
  return { device: deviceName(client.userAgent), ...(network ? { network } : {}) }
}

interface AuditDependencies {
  readonly clock: Clock
  readonly entropy: Entropy
  /** Told of each record that is made, whatever becomes of it. */
  readonly made?: ((record: AuditRecord) => void) | undefined
}

/** Makes records; storing them is for the store that makes the change. */
export const createAudit =
  ({ clock, entropy, made = () => {} }: AuditDependencies): Audit =>
  ({ detail, ...event }, { actor, requestId, client }) => {
    const record = {
      ...event,
      detail: { ...detail, ...whereOf(client) },
      actor,
      requestId,
      id: newId(entropy, 'aud'),
      at: clock.now(),
    }
    made(record)
    return record
  }
