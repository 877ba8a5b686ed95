/** The courier brings deliveries to their endpoints: each endpoint has a lane of its own, so that a slow one keeps nobody waiting but itself. */
import { type Clock, type Entropy, secondMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { signWebhook } from '@latchkey/subgraph/webhooks'
import type { Logger } from '@latchkey/telemetry'
import { type AttemptOutcome, judgeAnswer } from './attempt.ts'
import type { Disabling } from './disabling.ts'
import { delayAfter, failingMaxMs } from './retry.ts'
import { openSecrets, openUrl } from './secret.ts'
import type { WebhookSender } from './sender.http.ts'
import type { TakenDelivery, WorkStore } from './store.ts'

export interface Courier {
  /** Begins to send what is due at these endpoints, unless that goes on already. */
  attend(endpointIds: readonly string[]): void
  /** Takes nothing more; resolves when everything that was taken is settled. */
  close(): Promise<void>
}

export interface CourierDependencies {
  readonly store: Pick<WorkStore, 'take' | 'arrived' | 'failed'>
  readonly sender: WebhookSender
  readonly disabling: Disabling
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** Told of each try. */
  readonly wasTried: (outcome: AttemptOutcome) => void
}

/** As many at once as an endpoint is sent by one process. */
const atOnce = 4

/** Longer than a try takes: whoever ended meanwhile leaves it to others then. */
const leaseMs = 60 * secondMs

const userAgent = 'Latchkey-Webhooks/1'

export function createCourier(dependencies: CourierDependencies): Courier {
  const { store, sender, disabling, keyring, clock, entropy, logger, wasTried } = dependencies
  const lanes = new Map<string, Promise<void>>()
  let state: 'open' | 'closed' = 'open'

  async function send(taken: TakenDelivery) {
    const { eventId: id, body } = taken
    const sentAt = clock.now()
    const signed = signWebhook({ id, sentAt, body }, openSecrets(keyring, taken, sentAt))
    const headers = { 'content-type': 'application/json', 'user-agent': userAgent, ...signed }
    return sender.send({ url: openUrl(keyring, taken), headers, body })
  }

  const chance = (): number => Buffer.from(entropy.bytes(4)).readUInt32BE() / 2 ** 32

  async function settleFailure(taken: TakenDelivery, outcome: AttemptOutcome, at: Date): Promise<void> {
    const { deliveryId, attempts, id, failingSince } = taken
    const delayMs = delayAfter({ attempts, retryAfterMs: outcome.retryAfterMs, chance: chance() })
    const isLast = delayMs === null || outcome.failure === 'GONE'
    const nextAt = isLast ? null : new Date(at.getTime() + delayMs)
    await store.failed({ deliveryId, attempts, at, outcome, nextAt })
    const failingBefore = new Date(at.getTime() - failingMaxMs)
    if (outcome.failure === 'GONE') await disabling.disable({ ...taken, id, why: 'gone', at, failingBefore })
    else if (failingSince && failingSince <= failingBefore)
      await disabling.disable({ ...taken, id, why: 'failing', at, failingBefore })
  }

  async function deliver(taken: TakenDelivery): Promise<void> {
    const { deliveryId, attempts } = taken
    try {
      const answer = await send(taken)
      const at = clock.now()
      const outcome = judgeAnswer(answer, at)
      wasTried(outcome)
      if (outcome.failure === null) await store.arrived({ deliveryId, attempts, at, outcome })
      else await settleFailure(taken, outcome, at)
    } catch (error) {
      // It is nobody's until its lease is over, and is tried again then.
      logger.warn({ err: error, deliveryId, attempts }, 'what became of a webhook could not be kept')
    }
  }

  async function run(endpointId: string): Promise<void> {
    while (state === 'open') {
      const now = clock.now()
      const leaseEndsAt = new Date(now.getTime() + leaseMs)
      const taken = await store.take(endpointId, { now, leaseEndsAt, max: atOnce })
      if (taken.length === 0) return
      await Promise.all(taken.map(deliver))
    }
  }

  return {
    attend(endpointIds) {
      for (const id of endpointIds) {
        if (state === 'closed' || lanes.has(id)) continue
        const lane = run(id)
          .catch((error: unknown) => logger.warn({ err: error }, 'webhooks could not be taken; it is tried again'))
          .finally(() => lanes.delete(id))
        lanes.set(id, lane)
      }
    },
    async close() {
      state = 'closed'
      await Promise.all(lanes.values())
    },
  }
}
