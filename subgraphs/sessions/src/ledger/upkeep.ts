/** Repeats the upkeep of the ledger for as long as the process lives. */
import { minuteMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'

export interface Upkeep {
  /** Once now, then every minute; resolves after the first time. A failure is told in the log and made good by the next. */
  start(): Promise<void>
  /** Resolves when nothing is running any more. */
  stop(): Promise<void>
}

export function createUpkeep(work: () => Promise<void>, logger: Logger): Upkeep {
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  function once(): Promise<void> {
    running ??= work()
      .catch((err: unknown) => logger.warn({ err }, 'the revocations could not be applied again'))
      .finally(() => {
        running = null
      })
    return running
  }

  return {
    start() {
      timer ??= setInterval(once, minuteMs).unref()
      return once()
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
