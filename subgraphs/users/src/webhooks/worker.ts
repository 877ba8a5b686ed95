/** What is done about webhooks beside the requests: once a second the chains are followed and what is due is sent, in every process. */
import { type Clock, secondMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import type { Courier } from './courier.ts'
import type { Follower } from './follower.ts'
import type { WorkStore } from './store.ts'
import type { WebhookWatch } from './watch.ts'

export interface WebhookWorker {
  /** Says that something is due: it is looked at once. */
  wake(): void
  start(): void
  /** Resolves when nothing is under way. */
  close(): Promise<void>
}

export interface WorkerDependencies {
  readonly store: Pick<WorkStore, 'endpoints'>
  readonly follower: Follower
  readonly courier: Courier
  readonly watch: WebhookWatch
  readonly clock: Clock
  readonly logger: Logger
  /** Between two looks: a second unless set. */
  readonly pauseMs?: number | undefined
}

export function createWebhookWorker(dependencies: WorkerDependencies): WebhookWorker {
  const { store, follower, courier, watch, clock, logger, pauseMs = secondMs } = dependencies
  let state: 'resting' | 'working' | 'woken' | 'closed' = 'resting'
  let current: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  async function attendDue() {
    const endpoints = await store.endpoints(clock.now())
    courier.attend(endpoints.filter(({ isDue }) => isDue).map(({ id }) => id))
    return endpoints
  }

  async function work(): Promise<void> {
    const endpoints = await attendDue()
    if (endpoints.length === 0) watch.wasIdle()
    else if ((await follower.follow(endpoints)) > 0) await attendDue()
  }

  function wake(): void {
    if (state === 'closed') return
    if (state !== 'resting') {
      state = 'woken'
      return
    }
    state = 'working'
    current = work()
      .catch((error: unknown) => logger.warn({ err: error }, 'webhooks could not be looked at; it is tried again'))
      .finally(rest)
  }

  function rest(): void {
    if (state === 'closed') return
    const wokenMeanwhile = state === 'woken'
    state = 'resting'
    if (wokenMeanwhile) wake()
  }

  return {
    wake,
    start() {
      watch.start()
      timer ??= setInterval(wake, pauseMs).unref()
      wake()
    },
    async close() {
      clearInterval(timer)
      watch.close()
      state = 'closed'
      await current
      await courier.close()
    },
  }
}
