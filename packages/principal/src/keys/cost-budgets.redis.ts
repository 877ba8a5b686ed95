/** The cost budgets in Redis, shared by every process: decided by the script that decides over keys. */
import type { Redis } from '../redis.ts'
import { runScript, scriptOf } from '../redis-scripts.ts'
import { createTurns } from '../turn.ts'
import { windowMsOf } from './budget-terms.ts'
import type { RateLimit } from './confinement.ts'
import type { CostBudgets, CostSpending } from './cost-budgets.ts'
import { costVerdict } from './cost-verdict.ts'
import { debtName, owedMax } from './gcra.ts'
import { spendScript } from './key-budgets.scripts.ts'

export interface RedisCostOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
  readonly limit: RateLimit
}

interface Question {
  readonly whose: string
  readonly cost: number
}

/** While a script runs Redis serves nobody else. */
const questionsMax = 200
const spending = scriptOf(spendScript)

export function redisCostBudgets({ redis, prefix, limit }: RedisCostOptions): CostBudgets {
  const limitCall = [debtName(limit), windowMsOf(limit), limit.limit, owedMax(limit)]

  async function decide(questions: readonly Question[]): Promise<readonly CostSpending[]> {
    const names = [...new Set(questions.map(({ whose }) => whose))]
    const places = new Map(names.map((whose, at) => [whose, at + 1]))
    // Each is one request of its cost; no uses are counted and nothing is provided; its purse, and the one limit.
    const rows = questions.map(({ whose, cost }) => [cost, 1, 0, 0, places.get(whose), 1])
    const call = { limits: [limitCall], uses: [], provisos: [], questions: rows }
    const keys = names.map((whose) => `${prefix}cost-budget:{${whose}}`)
    const [reply] = (await runScript(redis, spending, [{ keys, values: [JSON.stringify(call)] }])) as number[][] // the script gives numbers
    return questions.map(({ cost }, at) => {
      const [granted = 0, , owed = 0] = reply?.slice(3 * at + 1, 3 * at + 4) ?? []
      return costVerdict({ granted: granted > 0, owed, cost, limit })
    })
  }

  const turn = createTurns<Question, CostSpending>(decide, questionsMax)
  return {
    async spend(whose, cost) {
      const { questions, answers } = turn()
      const at = questions.push({ whose, cost }) - 1
      const answer = (await answers)[at]
      if (!answer) throw new Error('the budget gave no answer')
      return answer
    },
  }
}
