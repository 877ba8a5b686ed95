/** The outbox worker: runs errands at once after a commit, and looks for what others left behind. */
import { type Clock, secondMs } from '@latchkey/clock'
import { countErrand } from '@latchkey/subgraph/backlog'
import type { Logger } from '@latchkey/telemetry'
import {
  type Afterwards,
  attemptsMax,
  type Errand,
  type ErrandKind,
  leaseMs,
  type Outbox,
  retryDelayMs,
} from './outbox.ts'
import type { OutboxStore, TakenMessage } from './store.ts'

export interface OutboxWorker {
  /** Says that something was committed: the worker looks at once. */
  wake(): void
  /** Begins to look every second besides. */
  start(): void
  /** Resolves when nothing is being delivered any more. */
  close(): Promise<void>
}

export interface WorkerDependencies {
  readonly outbox: Outbox
  readonly store: Omit<OutboxStore, 'addOnce' | 'backlog'>
  /** What this process can deliver; other kinds stay where they are. */
  readonly kinds: readonly ErrandKind[]
  readonly run: (errand: Errand, ref: string) => Promise<unknown>
  readonly afterwards: Afterwards
  /** How many are run side by side. One after the other in their order unless set. */
  readonly atOnce?: number
  readonly clock: Clock
  readonly logger: Logger
}

const pollMs = secondMs
const batchMax = 20

export function createOutboxWorker(dependencies: WorkerDependencies): OutboxWorker {
  const { store, kinds, clock, logger, atOnce } = dependencies
  const max = atOnce ?? batchMax
  let state: 'idle' | 'running' | 'woken' | 'closed' = 'idle'
  let current: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  async function takeBatch() {
    const now = clock.now()
    const leaseEndsAt = new Date(now.getTime() + leaseMs)
    return store.take({ kinds, now, leaseEndsAt, attemptsMax, max })
  }

  async function drain(): Promise<void> {
    let taken = max
    while (taken === max && state !== 'closed') {
      const batch = await takeBatch()
      if (atOnce) await Promise.all(batch.map((message) => deliver(message, dependencies)))
      else for (const message of batch) await deliver(message, dependencies)
      taken = batch.length
    }
  }

  function wake(): void {
    if (state === 'closed') return
    if (state !== 'idle') {
      state = 'woken'
      return
    }
    state = 'running'
    current = drain()
      .catch((error: unknown) => logger.warn({ err: error }, 'the outbox could not be read; it is tried again'))
      .finally(rest)
  }

  function rest(): void {
    if (state === 'closed') return
    // A wake that came meanwhile may be about a message that the last look was too early to see.
    const wokenMeanwhile = state === 'woken'
    state = 'idle'
    if (wokenMeanwhile) wake()
  }

  return {
    wake,
    start() {
      timer ??= setInterval(wake, pollMs).unref()
      wake()
    },
    async close() {
      clearInterval(timer)
      state = 'closed'
      await current
    },
  }
}

async function deliver(
  message: TakenMessage,
  { outbox, store, run, afterwards, clock, logger }: WorkerDependencies,
): Promise<void> {
  const { id, ref, attempts } = message
  try {
    await run(outbox.errandOf(message), ref)
  } catch (error) {
    const retryAt = new Date(clock.now().getTime() + retryDelayMs(attempts))
    const left = attempts < attemptsMax ? 'it is tried again' : 'it is given up'
    logger.warn({ ref, attempts, failure: kindOf(error) }, `an errand failed; ${left}`)
    await store.failed(id, retryAt, kindOf(error))
    return
  }
  const now = clock.now()
  countErrand({ outbox: 'users', kind: message.kind, changedAt: message.createdAt }, now)
  await store.delivered(id, now, afterwards)
}

/** Never the message: a mail server's answer quotes addresses. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}
