/** The operations that the planner did not survive: refused at once when they come again, for a while. */
import { type Clock, minuteMs, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { Lost } from './child.ts'

export interface RefusedOperations {
  /** @throws Problem OPERATION_TOO_COSTLY when it is one of them. */
  judge(operation: string): void
  /** The refusal of one more: for long when the planner was lost over it, for a moment when it was late. */
  add(operation: string, lost: Pick<Lost, 'by' | 'detail'>): Problem
}

const operationsMax = 1_000
/** No operation is refused for ever. */
const refusedForMs = 10 * minuteMs
/** It may have been the machine that was slow. */
const lateForMs = 10 * secondMs

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
    add(operation, { by, detail }) {
      const forMs = by === 'lateness' ? lateForMs : refusedForMs
      refusedUntilMs.keep(operation, clock.now().getTime() + forMs)
      return refusal(operation, detail)
    },
  }
}

const refusal = (operation: string, detail: string): Problem =>
  new Problem('OPERATION_TOO_COSTLY', `operation ${operation} was not planned: ${detail}`, {
    message: 'This operation cannot be planned. Ask for it in smaller parts.',
  })
