/** Does a job now and every hour. */
import { hourMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'

export interface Tidying {
  start(): void
  /** Resolves when the job is not running any more. */
  stop(): Promise<void>
}

export function createTidying(job: () => Promise<void>, logger: Logger): Tidying {
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()
  const run = () => {
    current = job().catch((error: unknown) => logger.warn({ err: error }, 'tidying failed; it is tried again'))
  }
  return {
    start() {
      timer ??= setInterval(run, hourMs).unref()
      run()
    },
    async stop() {
      clearInterval(timer)
      await current
    },
  }
}
