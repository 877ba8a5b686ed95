/** Upkeep: what is done at the start and every minute, for as long as the process lives. */
import { minuteMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'

export interface Upkeep {
  /** Once now, then every minute; resolves after the first time. A failure is told in the log and made good by the next. */
  start(): Promise<void>
  /** Resolves when nothing is running any more. */
  stop(): Promise<void>
}

/** What is done, by the words for it. One that fails does not keep the others from being done. */
export type Chores = Readonly<Record<string, () => Promise<void>>>

export function createUpkeep(chores: Chores, logger: Logger): Upkeep {
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  async function all(): Promise<void> {
    for (const [words, work] of Object.entries(chores))
      await work().catch((err: unknown) => logger.warn({ err }, `not done, and tried again in a minute: ${words}`))
  }

  function once(): Promise<void> {
    running ??= all().finally(() => {
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
