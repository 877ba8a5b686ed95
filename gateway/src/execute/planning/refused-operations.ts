/** The operations that the planner did not survive: refused at once when they come again, for a while. */
import type { Clock } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'

export interface RefusedOperations {
  /** @throws Problem OPERATION_TOO_COSTLY when it is one of them. */
  judge(operation: string): void
  /** The refusal of one more. `detail` is for the log. */
  add(operation: string, detail: string): Problem
}

const operationsMax = 1_000
/** It may have been the machine that was slow: no operation is refused for ever. */
const refusedForMs = 600_000

/** Operations are named by what is hashed of them. */
export function createRefusedOperations(clock: Clock): RefusedOperations {
  const refusedUntilMs = createBoundedCache<number>({ entriesMax: operationsMax })
  return {
    judge(operation) {
      const untilMs = refusedUntilMs.find(operation)
      if (untilMs === undefined) return
      if (clock.now().getTime() < untilMs) throw refusal(operation, 'as before')
      refusedUntilMs.forget(operation)
    },
    add(operation, detail) {
      refusedUntilMs.keep(operation, clock.now().getTime() + refusedForMs)
      return refusal(operation, detail)
    },
  }
}

const refusal = (operation: string, detail: string): Problem =>
  new Problem('OPERATION_TOO_COSTLY', `operation ${operation} was not planned: ${detail}`, {
    message: 'This operation cannot be planned. Ask for it in smaller parts.',
  })
