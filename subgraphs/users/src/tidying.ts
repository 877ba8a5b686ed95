/** Does a job now and every hour. A long job looks at the signal between its parts, so that nobody waits for all of it. */
import { hourMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'

export interface Tidying {
  start(): void
  /** Resolves when the job is not running any more. */
  stop(): Promise<void>
}

export function createTidying(job: (ending: AbortSignal) => Promise<void>, logger: Logger): Tidying {
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()
  const run = () => {
    current = job(ending.signal).catch((error: unknown) =>
      logger.warn({ err: error }, 'tidying failed; it is tried again'),
    )
  }
  return {
    start() {
      timer ??= setInterval(run, hourMs).unref()
      run()
    },
    async stop() {
      clearInterval(timer)
      ending.abort()
      await current
    },
  }
}
