/** The budgets in Redis, shared by every process. */
import type { ApiKeyRecord } from '../records/credential-records.ts'
import { orUnavailable } from '../redis.ts'
import { runScript, scriptOf } from '../redis-scripts.ts'
import { createTurns } from '../turn.ts'
import { paysByCost, usesIdOf } from './budget-terms.ts'
import { unmarkScript } from './key-budgets.scripts.ts'
import type { CountedBudgets, LoadUsesSpent, Spending, UnwrittenUses, UsesSpent } from './key-budgets.ts'
import { marksKey, usesKey } from './spending-call.redis.ts'
import { createSpendingTurn, type Question, type SpendingOptions, type Spent } from './spending-turn.redis.ts'
import { nothingSpent } from './uses-spent.ts'

export interface RedisBudgetsOptions extends SpendingOptions {
  readonly loadUsesSpent: LoadUsesSpent
}

const questionsMax = 1_000
const unmarking = scriptOf(unmarkScript)
const unlimited: Spending = Object.freeze({ outcome: 'SPENT', limits: [], usesLeft: null })

export function redisKeyBudgets(options: RedisBudgetsOptions): CountedBudgets {
  const { redis, prefix, terms } = options
  const turn = createTurns<Question, Spent>(createSpendingTurn(options), questionsMax)
  const learn = createLearner(options.loadUsesSpent)

  async function ask(question: Question): Promise<Spent | undefined> {
    const { questions, answers } = turn()
    const at = questions.push(question) - 1
    return (await answers)[at]
  }

  async function askKnowing(question: Question): Promise<Spending | 'changed'> {
    const answer = await ask(question)
    if (answer !== 'unknown' && answer) return answer
    const told = (await learn(usesIdOf(question.key))) ?? nothingSpent
    const again = await ask({ ...question, told })
    if (again === 'unknown' || !again) throw new Error('uses that were told are still not known')
    return again
  }

  // Where costs make no difference, requests that differ in nothing else are decided together.
  const plannedFor = (key: ApiKeyRecord, planned: number) => (paysByCost(key) ? planned : 1)

  async function spentOf(keyId: string): Promise<UsesSpent | null> {
    const known = await orUnavailable(redis.hmget(usesKey(prefix, keyId), 'issue', 'period', 'spent'))
    const [issue, periodMs, spent] = known
    if (!issue || !periodMs || !spent) return null
    return { issue: Number(issue), periodMs: Number(periodMs), spent: Number(spent) }
  }

  return {
    async spend(key, cost = 1, given = 1) {
      if (!isLimited(key, terms)) return unlimited
      const spending = await askKnowing({ key, cost, planned: plannedFor(key, given) })
      if (spending === 'changed') throw new Error('nothing was provided, so nothing can have changed')
      return spending
    },
    spendIf: (proviso, key, planned) => askKnowing({ key, cost: 1, planned: plannedFor(key, planned), proviso }),
    async unwritten(max) {
      const [, marks] = await orUnavailable(redis.hscan(marksKey(prefix), '0', 'COUNT', max))
      const names = marks.filter((_, at) => at % 2 === 0).slice(0, max)
      const found = await Promise.all(
        names.map(async (keyId, at): Promise<UnwrittenUses> => {
          const spent = await spentOf(keyId)
          return { keyId, mark: marks[2 * at + 1] ?? '', ...(spent ?? nothingSpent) }
        }),
      )
      return found
    },
    async written(those) {
      const values = those.flatMap(({ keyId, mark }) => [keyId, mark])
      await runScript(redis, unmarking, values.length > 0 ? [{ keys: [marksKey(prefix)], values }] : [])
    },
  }
}

const isLimited = (key: ApiKeyRecord, terms: SpendingOptions['terms']): boolean =>
  terms !== 'unlimited' || key.confinement?.uses !== undefined

/** Many who ask at once of one key ask once. */
function createLearner(load: LoadUsesSpent): LoadUsesSpent {
  const underWay = new Map<string, Promise<UsesSpent | null>>()
  return (keyId) => {
    const known = underWay.get(keyId)
    if (known) return known
    const asked = load(keyId).finally(() => underWay.delete(keyId))
    underWay.set(keyId, asked)
    return asked
  }
}
