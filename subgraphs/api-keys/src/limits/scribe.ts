/** Writes the uses down that were spent, every two seconds: so much may be given back when Redis loses its count, and no more. */
import { type Clock, secondMs } from '@latchkey/clock'
import type { UsesTally } from '@latchkey/principal/key-budgets'
import type { Logger } from '@latchkey/telemetry'
import type { UsesStore } from './store.ts'

export interface ScribeDependencies {
  readonly tally: UsesTally
  readonly store: Pick<UsesStore, 'write'>
  readonly clock: Clock
  readonly logger: Logger
}

export interface Scribe {
  /** Writes now and every two seconds from here on. */
  start(): void
  /** Writes once more, and resolves when nothing is being written. */
  close(): Promise<void>
  /** Writes down what is not written. Rejects with UNAVAILABLE. */
  write(): Promise<void>
}

const pauseMs = 2 * secondMs
const batchMax = 500

export function createScribe({ tally, store, clock, logger }: ScribeDependencies): Scribe {
  let state: 'new' | 'started' | 'closed' = 'new'
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function writeBatch(): Promise<number> {
    const unwritten = await tally.unwritten(batchMax)
    if (unwritten.length === 0) return 0
    await store.write(unwritten, clock.now())
    await tally.written(unwritten)
    return unwritten.length
  }

  async function write(): Promise<void> {
    // A short batch is the last one: what is spent meanwhile is written next time.
    while ((await writeBatch()) === batchMax);
  }

  function turn(): void {
    running = write()
      .catch((error: unknown) => logger.warn({ err: error }, 'uses of keys wait to be written down'))
      .then(() => {
        if (state === 'started') timer = setTimeout(turn, pauseMs).unref()
      })
  }

  return {
    write,
    start() {
      if (state === 'started') return
      state = 'started'
      turn()
    },
    async close() {
      const wasStarted = state === 'started'
      state = 'closed'
      clearTimeout(timer)
      await running
      if (wasStarted) await write().catch((error: unknown) => logger.warn({ err: error }, 'uses were not written down'))
    },
  }
}
