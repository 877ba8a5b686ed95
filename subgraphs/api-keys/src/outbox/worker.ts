/** Delivers the outbox: every change of a key is told to the records once more, from Postgres. */
import { type Clock, secondMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { watchBacklog } from '@latchkey/subgraph/backlog'
import type { Logger } from '@latchkey/telemetry'
import { z } from 'zod'
import { type KeyErrand, outboxPayload } from '../keys/trail.ts'
import type { DueMessage, OutboxStore } from './store.ts'

export interface OutboxWorkerDependencies {
  readonly store: OutboxStore
  /** What is to be done about a key that changed. */
  readonly keyChanged: (keyId: string) => Promise<unknown>
  /** How errands are run; each is given what it was written with. */
  readonly errands?: Readonly<Partial<Record<KeyErrand, (payload: unknown) => Promise<unknown>>>>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly logger: Logger
}

export interface OutboxWorker {
  /** Delivers what is due now and every second from here on. */
  start(): void
  /** Resolves once nothing is being delivered any more. */
  close(): Promise<void>
  /** Delivers what is due now. Rejects with UNAVAILABLE. */
  deliverDue(): Promise<void>
}

const pauseMs = secondMs
const batchMax = 20

const payload = z.object({ keyId: z.string() })

export function createOutboxWorker({
  store,
  keyChanged,
  errands = {},
  keyring,
  clock,
  logger,
}: OutboxWorkerDependencies): OutboxWorker {
  let state: 'new' | 'started' | 'closed' = 'new'
  const backlog = watchBacklog({ outbox: 'api-keys', read: () => store.backlog(clock.now()), clock })
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function handle({ kind, sealedPayload }: DueMessage): Promise<void> {
    const opened: unknown = JSON.parse(keyring.open('data', sealedPayload, outboxPayload).toString())
    const errand = Object.hasOwn(errands, kind) ? errands[kind as KeyErrand] : undefined
    if (errand) await errand(opened)
    else await keyChanged(payload.parse(opened).keyId)
  }

  async function deliverDue(): Promise<void> {
    const batch = () => store.deliver({ limit: batchMax, now: clock.now() }, handle)
    // A short batch is the last one: what failed in it is due later, and the next turn sees it.
    while ((await batch()) === batchMax);
  }

  function turn(): void {
    running = deliverDue()
      .catch((error: unknown) => logger.warn({ err: error }, 'the outbox waits'))
      .then(() => {
        if (state === 'started') timer = setTimeout(turn, pauseMs).unref()
      })
  }

  return {
    deliverDue,
    start() {
      if (state === 'started') return
      state = 'started'
      backlog.start()
      turn()
    },
    async close() {
      state = 'closed'
      backlog.close()
      clearTimeout(timer)
      await running
    },
  }
}
