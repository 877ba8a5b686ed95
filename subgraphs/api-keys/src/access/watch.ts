/** Checks every access list when the service starts, and whenever the schema that it sees has become another one. */
import { secondMs } from '@latchkey/clock'
import { createWatch, type Watch } from '@latchkey/clock/watch'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Logger } from '@latchkey/telemetry'

export interface AccessWatchDependencies {
  readonly check: () => Promise<unknown>
  readonly publicGraph: () => PublicGraph
  readonly logger: Logger
}

export const createAccessWatch = ({ check, publicGraph, logger }: AccessWatchDependencies): Watch =>
  createWatch({
    read: publicGraph,
    act: check,
    failed: (err) => logger.warn({ err }, 'access lists could not be checked'),
    pauseMs: 5 * secondMs,
  })
