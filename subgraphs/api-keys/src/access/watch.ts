/** Checks every access list when the service starts, and whenever the schema that it sees has become another one. */
import { secondMs } from '@latchkey/clock'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Logger } from '@latchkey/telemetry'

export interface AccessWatchDependencies {
  readonly check: () => Promise<unknown>
  readonly publicGraph: () => PublicGraph
  readonly logger: Logger
}

export interface AccessWatch {
  start(): void
  /** Resolves once nothing is being checked any more. */
  close(): Promise<void>
}

const pauseMs = 5 * secondMs

export function createAccessWatch({ check, publicGraph, logger }: AccessWatchDependencies): AccessWatch {
  let state: 'new' | 'started' | 'closed' = 'new'
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let checked: PublicGraph | undefined

  async function checkIfNew(): Promise<void> {
    const graph = publicGraph()
    if (graph === checked) return
    await check()
    checked = graph
  }

  function turn(): void {
    running = checkIfNew()
      .catch((error: unknown) => logger.warn({ err: error }, 'access lists could not be checked'))
      .then(() => {
        if (state === 'started') timer = setTimeout(turn, pauseMs).unref()
      })
  }

  return {
    start() {
      if (state !== 'new') return
      state = 'started'
      turn()
    },
    async close() {
      state = 'closed'
      clearTimeout(timer)
      await running
    },
  }
}
