/** How long a subgraph is waited for over HTTP. */
import { secondMs } from '@latchkey/clock'

/** In milliseconds; as usual unless said. */
export interface SubgraphWaits {
  /** For the whole of a request, connecting included. */
  readonly timeoutMs?: number
  /** For a sign of life, of a replica from which nothing was heard for a moment. */
  readonly patienceMs?: number
}

export const usualWaits = { timeoutMs: 5 * secondMs, patienceMs: 1 * secondMs }
