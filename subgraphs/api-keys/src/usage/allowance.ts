/** How many different operations of one key are told apart in a day: a client that makes them up fills no table. */
import type { Clock } from '@latchkey/clock'
import { dayMs } from '@latchkey/clock'
import type { Allowance } from './tally.ts'

const operationsMax = 1_000
/** Of all keys together; beyond it everybody begins anew. */
const remembersMax = 500_000

/** What more operations are counted as, all together. */
export const otherOperations = 'other'

/** For one process: each has an allowance of its own. */
export function createAllowance({ clock, max = operationsMax }: { clock: Clock; max?: number }): Allowance {
  const known = new Map<string, Set<string>>()
  let day = 0
  let size = 0
  return (keyId, operationId) => {
    const today = Math.floor(clock.now().getTime() / dayMs)
    if (today !== day || size >= remembersMax) {
      known.clear()
      size = 0
      day = today
    }
    const own = known.get(keyId) ?? new Set()
    known.set(keyId, own)
    if (own.has(operationId)) return operationId
    if (own.size >= max) return otherOperations
    own.add(operationId)
    size += 1
    return operationId
  }
}
