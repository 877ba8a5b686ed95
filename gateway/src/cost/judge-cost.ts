/** Whether an operation may cost what it does. */
import { Problem } from '@latchkey/problem'
import { countOf } from '@latchkey/telemetry/metrics'
import type { Values } from './formula.ts'
import { type PlannedCost, plannedCost } from './planned-cost.ts'

/** `measure`: what would be refused is counted, and let pass. `off`: it is not even counted. */
export const costModes = ['off', 'measure', 'enforce'] as const
export type CostMode = (typeof costModes)[number]

export interface CostTerms {
  readonly mode: CostMode
  /** Of one operation. */
  readonly max: number
}

/** What an operation of ours costs at most is told in docs/security/cost.md, with how the limit follows from it. */
export const usualCostTerms: CostTerms = { mode: 'enforce', max: 10_000 }

const judged = countOf(
  'latchkey_operations_too_costly_total',
  'Operations that cost more than one may, by what became of them: refused, or passed while costs are only measured.',
  ['fate'],
)

/** Gives what an operation costs. Throws OPERATION_TOO_COSTLY, with `cost` and `costMax`, for more than one may. */
export type JudgeCost = (planned: PlannedCost, variables: Values) => number

export const createCostJudge =
  ({ mode, max }: CostTerms): JudgeCost =>
  (planned, variables) => {
    const cost = plannedCost(planned, variables)
    if (cost <= max && planned.fault === null) return cost
    if (mode === 'enforce') {
      judged.add({ fate: 'refused' })
      throw planned.fault === null ? tooCostly(cost, max) : unsized(planned.fault)
    }
    if (mode === 'measure') judged.add({ fate: 'passed' })
    return cost
  }

const tooCostly = (cost: number, costMax: number): Problem =>
  new Problem('OPERATION_TOO_COSTLY', `cost ${cost}`, {
    ...{ cost, costMax },
    message: `This operation costs ${cost} at most, and one may cost ${costMax}: ask for shorter lists, or for less of each thing.`,
  })

const unsized = (fault: string): Problem =>
  new Problem('OPERATION_TOO_COSTLY', fault, {
    message: `What this operation costs cannot be told: ${fault}.`,
  })
