/** Audit records: what was done, by whom, to what. Written in the transaction of the change. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'

export interface Actor {
  readonly kind: Principal['kind'] | 'operator'
  readonly id: string | null
}

/** Who asked, and in which request. */
export interface Cause {
  readonly actor: Actor
  readonly requestId: string | null
}

export interface AuditedEvent {
  readonly action: 'account.register' | 'account.open' | 'role.grant'
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

export function causeOf({ principal, requestId }: { principal: Principal; requestId: string }): Cause {
  return { actor: { kind: principal.kind, id: idOf(principal) }, requestId }
}

function idOf(principal: Principal): string | null {
  switch (principal.kind) {
    case 'user':
      return principal.userId
    case 'apiKey':
      return principal.keyId
    case 'service':
      return principal.name
    case 'anonymous':
      return null
  }
}

export type Audit = (event: AuditedEvent, cause: Cause) => AuditRecord

/** Makes records; storing them is for the store that makes the change. */
export const createAudit =
  ({ clock, entropy }: { clock: Clock; entropy: Entropy }): Audit =>
  (event, { actor, requestId }) => ({
    detail: {},
    ...event,
    actor,
    requestId,
    id: newId(entropy, 'aud'),
    at: clock.now(),
  })
