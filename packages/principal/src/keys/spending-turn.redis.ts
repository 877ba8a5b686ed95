/**
 * Everything that is spent in one turn of the event loop, in one round trip and as a rule in one run of one script: it decides over
 * the limits of a key, over its owner's and over its uses at once, so that nobody is granted more than there is, and a refusal by
 * one takes nothing from the others.
 */
import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { Proviso } from '../records/proviso.ts'
import type { Redis } from '../redis.ts'
import { runScript, scriptOf } from '../redis-scripts.ts'
import type { BudgetChoice } from './budget-terms.ts'
import { spendScript } from './key-budgets.scripts.ts'
import type { Spending, UsesSpent } from './key-budgets.ts'
import { type Asked, callOf, type Decided, readReply } from './spending-call.redis.ts'
import { verdictOf } from './verdict-of-spending.ts'

export interface SpendingOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
  readonly terms: BudgetChoice
}

export interface Question {
  readonly key: ApiKeyRecord
  readonly cost: number
  readonly planned: number
  /** What was written down of its uses, once somebody has asked. */
  readonly told?: UsesSpent
  /** Nothing is spent unless it holds. Absent: nothing is provided. */
  readonly proviso?: Proviso
}

/** `unknown`: its uses have to be told. `changed`: what was provided does not hold. */
export type Spent = Spending | 'unknown' | 'changed'

interface Group extends Asked {
  count: number
}

/** In which group a question is, and how many are in it before. */
interface Place {
  readonly group: number
  readonly before: number
}

/** While a script runs Redis serves nobody else: so many take a millisecond. */
const groupsPerRunMax = 200
const spending = scriptOf(spendScript)

export function createSpendingTurn({ redis, prefix, terms }: SpendingOptions) {
  async function decide(groups: readonly Group[]): Promise<Decided[]> {
    const parts: (readonly Group[])[] = []
    for (let from = 0; from < groups.length; from += groupsPerRunMax)
      parts.push(groups.slice(from, from + groupsPerRunMax))
    const runs = parts.map((part) => callOf(part, { prefix, terms }))
    const replies = (await runScript(redis, spending, runs)) as number[][] // the script gives numbers
    return parts.flatMap((questions, at) => readReply(replies[at] ?? [], { questions, terms }))
  }

  return async (questions: readonly Question[]): Promise<readonly Spent[]> => {
    const { groups, places } = gathered(questions)
    const decided = await decide(groups)
    return questions.map(({ key, cost, planned }, at) => {
      const { group = 0, before = 0 } = places[at] ?? {}
      const balance = decided[group]
      if (!balance || balance.granted === 'unknown') return 'unknown'
      if (balance.granted === 'changed') return 'changed'
      const place = { granted: before < balance.granted, spentBefore: Math.min(before, balance.granted) * cost }
      return verdictOf(balance, place, { key, cost, planned, terms, nowMs: balance.nowMs })
    })
  }
}

const isAlike = (group: Group, { cost, planned, told, proviso }: Question): boolean =>
  group.cost === cost && group.planned === planned && !group.told === !told && group.proviso === proviso

/** Equal questions are one group. A record stays the same object for as long as it says the same. */
function gathered(questions: readonly Question[]): { readonly groups: Group[]; readonly places: readonly Place[] } {
  const groups: Group[] = []
  const latest = new Map<ApiKeyRecord, number>()
  const places = questions.map((question) => {
    const known = latest.get(question.key)
    const group = known === undefined ? undefined : groups[known]
    if (known !== undefined && group && isAlike(group, question)) return { group: known, before: group.count++ }
    latest.set(question.key, groups.length)
    return { group: groups.push({ ...question, count: 1 }) - 1, before: 0 }
  })
  return { groups, places }
}
