/** What is counted of webhooks: tries by what came of them, what has not arrived, and how long ago each audit chain was followed. */
import { type Clock, secondMs } from '@latchkey/clock'
import { countOf, gaugeOf, gaugesOf } from '@latchkey/telemetry/metrics'
import type { AttemptOutcome } from './attempt.ts'
import type { Backlog, WorkStore } from './store.ts'

const attempts = countOf('latchkey_webhook_attempts_total', 'Tries to deliver a webhook.', ['outcome'])
const endpoints = gaugesOf('latchkey_webhook_endpoints', 'Endpoints that webhooks are sent to.', ['state'])
const chains = gaugesOf('latchkey_webhook_chain_seconds', 'How long ago an audit chain was followed to its end.', [
  'chain',
])

export interface WebhookWatch {
  wasTried(outcome: AttemptOutcome): void
  wasRead(chain: string): void
  /** There is nobody to follow the chains for. */
  wasIdle(): void
  /** Looks now and every ten seconds. */
  start(): void
  close(): void
}

interface WatchDependencies {
  readonly store: Pick<WorkStore, 'backlog'>
  readonly clock: Clock
}

const lookEveryMs = 10 * secondMs
const nothing: Backlog = { waiting: 0, oldestAt: null, enabled: 0, failing: 0, disabled: 0 }

/** A failure to look leaves what was seen last: it grows older, and is told as that. */
export function watchWebhooks({ store, clock }: WatchDependencies): WebhookWatch {
  let timer: NodeJS.Timeout | undefined
  let seen = nothing
  const readAt = new Map<string, Date>()
  const secondsSince = (at: Date) => Math.max(0, clock.now().getTime() - at.getTime()) / secondMs

  function tell(): void {
    gaugeOf('latchkey_webhook_waiting', 'Webhooks that have not arrived; 10,000 at most.', () => seen.waiting)
    gaugeOf('latchkey_webhook_oldest_seconds', 'How old the first event of them is.', () =>
      seen.oldestAt ? secondsSince(seen.oldestAt) : 0,
    )
    for (const state of ['enabled', 'failing', 'disabled'] as const) endpoints.of({ state }, () => seen[state])
  }

  const look = async () => {
    seen = await store.backlog().catch(() => seen)
  }

  return {
    wasTried: ({ failure }) => attempts.add({ outcome: failure ?? 'DELIVERED' }),
    wasRead(chain) {
      if (!readAt.has(chain))
        chains.of({ chain }, () => {
          const at = readAt.get(chain)
          return at ? secondsSince(at) : null
        })
      readAt.set(chain, clock.now())
    },
    wasIdle: () => readAt.clear(),
    start() {
      tell()
      timer ??= setInterval(look, lookEveryMs).unref()
      void look()
    },
    close: () => clearInterval(timer),
  }
}
