/** Looks for keys that end soon now and again, for as long as the service runs. */
import { minuteMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import type { Notices } from './service.ts'

export interface LookOut {
  start(): void
  /** Resolves when it is not looking any more. */
  close(): Promise<void>
}

export interface LookOutDependencies {
  readonly notices: Pick<Notices, 'look'>
  readonly logger: Logger
  /** How long it rests between two looks; five minutes unless set. */
  readonly pauseMs?: number | undefined
}

const pauseUsualMs = 5 * minuteMs

export function createLookOut({ notices, logger, pauseMs = pauseUsualMs }: LookOutDependencies): LookOut {
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()

  function turn(): void {
    current = notices
      .look(ending.signal)
      .then((written) => {
        if (written > 0) logger.info({ written }, 'owners are told of the end of keys')
      })
      .catch((error: unknown) => logger.warn({ err: error }, 'keys that end soon were not looked through'))
      .then(() => {
        if (!ending.signal.aborted) timer = setTimeout(turn, pauseMs).unref()
      })
  }

  return {
    start: turn,
    async close() {
      ending.abort()
      clearTimeout(timer)
      await current
    },
  }
}
