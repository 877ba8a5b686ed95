/** Everything webhooks need of storage. Every method rejects with UNAVAILABLE when Postgres cannot answer. */
import type { Consequences } from '../consequences/consequences.ts'
import type { AttemptOutcome } from './attempt.ts'
import type { DeliveryFilter, Replayed, WebhookDelivery } from './delivery.ts'
import type { DisabledWhy, EndpointStatus, StoredEndpoint } from './endpoint.ts'
import type { WebhookEvent } from './event.ts'
import type { SealedEndpoint } from './secret.ts'

/** `null` stays as it is. */
export interface EndpointChange {
  readonly id: string
  readonly url: string | null
  readonly description: string | null
  readonly eventTypes: readonly string[] | null
  readonly status: EndpointStatus | null
  readonly at: Date
  readonly consequences: Consequences
}

export interface SecretChange {
  readonly id: string
  /** The sealed secret that is taken to be the present one. */
  readonly was: string
  readonly secret: string
  readonly previousSecret: string
  readonly previousUntil: Date
  readonly consequences: Consequences
}

export interface EndpointStore {
  /** In the order in which they were made. */
  all(): Promise<readonly StoredEndpoint[]>
  byId(id: string): Promise<StoredEndpoint | null>
  add(
    endpoint: StoredEndpoint,
    terms: { readonly max: number; readonly consequences: Consequences },
  ): Promise<'added' | 'full'>
  /** `null`: there is none. */
  update(change: EndpointChange): Promise<StoredEndpoint | null>
  /** With everything that was to be sent there, or had been. */
  remove(id: string, consequences: Consequences): Promise<'removed' | 'unknown'>
  /** `stale`: somebody else changed it meanwhile. */
  changeSecret(change: SecretChange): Promise<'changed' | 'stale'>
}

export interface DeliveryQuery {
  readonly filter: DeliveryFilter
  readonly after: { readonly at: Date; readonly id: string } | null
  readonly limit: number
}

/** A delivery that is to be made, and when at the earliest. */
export interface NewDelivery {
  readonly id: string
  readonly endpointId: string
  readonly event: WebhookEvent
}

export interface DeliveryStore {
  /** Those of the newest events first. */
  page(query: DeliveryQuery): Promise<readonly WebhookDelivery[]>
  /** `null`: the endpoint is unknown or disabled, and nothing was written. */
  add(delivery: NewDelivery, at: Date, consequences: Consequences): Promise<WebhookDelivery | null>
  /** Those that wait already are left alone. How many are sent again; `null` as above. */
  replay(asked: {
    readonly endpointId: string
    readonly replayed: Replayed
    readonly at: Date
    readonly max: number
    readonly consequences: Consequences
  }): Promise<number | null>
}

/** An endpoint as far as it is worked on. */
export interface WorkedEndpoint extends Pick<StoredEndpoint, 'id' | 'eventTypes' | 'createdAt'> {
  /** Whether anything is to be sent there now. */
  readonly isDue: boolean
}

export interface FollowedEvents {
  readonly chain: string
  /** The place up to which the chain was followed; `null`: nobody has yet. */
  readonly was: number | null
  readonly now: number
  readonly deliveries: readonly NewDelivery[]
  readonly at: Date
}

/** A delivery that was taken to be tried, with all that it needs. */
export interface TakenDelivery extends SealedEndpoint {
  readonly deliveryId: string
  readonly eventId: string
  readonly eventType: string
  readonly body: string
  /** How often it was taken, this time included. */
  readonly attempts: number
  readonly failingSince: Date | null
  readonly createdBy: string | null
}

export interface TriedDelivery {
  readonly deliveryId: string
  readonly attempts: number
  readonly at: Date
  readonly outcome: AttemptOutcome
}

export interface Disabled {
  readonly id: string
  readonly why: Exclude<DisabledWhy, 'administrator'>
  readonly at: Date
  /** Unless it has failed since before then, `failing` disables nothing. */
  readonly failingBefore: Date
  readonly consequences: Consequences
}

export interface Backlog {
  /** Deliveries that have not arrived at endpoints that are enabled; 10,000 at most are counted. */
  readonly waiting: number
  /** When the first event of them was. */
  readonly oldestAt: Date | null
  readonly enabled: number
  readonly failing: number
  readonly disabled: number
}

/** What whoever follows the chains and delivers needs, in any process. */
export interface WorkStore {
  endpoints(now: Date): Promise<readonly WorkedEndpoint[]>
  /** By chain, up to which place it was followed. */
  cursors(): Promise<ReadonlyMap<string, number>>
  /** Makes the deliveries and moves the place, all or nothing. `late`: another process did it. */
  follow(events: FollowedEvents): Promise<'followed' | 'late'>
  /** Takes deliveries that are due, those that wait longest first; nobody else gets them before `leaseEndsAt`. */
  take(
    endpointId: string,
    terms: { readonly now: Date; readonly leaseEndsAt: Date; readonly max: number },
  ): Promise<readonly TakenDelivery[]>
  /** It arrived, and the endpoint does not fail. */
  arrived(tried: TriedDelivery): Promise<void>
  /** It did not; `nextAt` is `null` for a dead letter. Nothing happens when somebody else has taken it meanwhile. */
  failed(tried: TriedDelivery & { readonly nextAt: Date | null }): Promise<void>
  disable(disabled: Disabled): Promise<'disabled' | 'unchanged'>
  backlog(): Promise<Backlog>
}
