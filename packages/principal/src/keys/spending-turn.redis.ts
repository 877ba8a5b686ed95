/**
 * Everything that is spent in one turn of the event loop, in two round trips. A key's limits and uses share a slot and are decided
 * by one script; its owner's limit is in another slot and is asked only for what the key's own have granted. What the owner then
 * refuses is given back to the key: nobody is granted more than there is, and a key that is used up takes nothing from the owner's
 * other keys.
 */
import { type Clock, dayMs } from '@latchkey/clock'
import type { ApiKeyRecord } from '../records/credential-records.ts'
import { orUnavailable, type Redis } from '../redis.ts'
import { runScript, runText, scriptOf } from '../redis-scripts.ts'
import { type BudgetChoice, limitsOf, periodOf, usesIdOf, windowMsOf } from './budget-terms.ts'
import type { RateLimit } from './confinement.ts'
import { debtName, owedMax } from './gcra.ts'
import { giveBackScript, spendScript } from './key-budgets.scripts.ts'
import type { Spending, UsesSpent } from './key-budgets.ts'
import { verdictOf } from './verdict-of-spending.ts'

export interface SpendingOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
  readonly clock: Clock
  readonly terms: BudgetChoice
}

export interface Question {
  readonly key: ApiKeyRecord
  readonly cost: number
  /** What was written down of its uses, once somebody has asked. */
  readonly told?: UsesSpent
}

/** Equal requests: they are decided together. */
interface Group extends Question {
  count: number
  /** `null`: its uses are not known, and nothing was decided. */
  granted: number | null
  /** Before anything was granted. */
  debts: readonly number[]
  usesSpent: number | null
  ownerDebt: number | null
  /** Granted by the owner's limit to others before, and to all. */
  ownerBefore: number
  ownerAll: number
}

/** Longer than a month: of what was not used for so long, Postgres is asked. */
const usesKeptMs = 35 * dayMs
const [spending, givingBack] = [scriptOf(spendScript), scriptOf(giveBackScript)]

/** What a key owes of its limits: in the slot of its uses, which it may share. */
export const budgetKey = (prefix: string, key: Pick<ApiKeyRecord, 'keyId' | 'confinement'>): string =>
  `${prefix}key-budget:{${usesIdOf(key)}}:${key.keyId}`
export const usesKey = (prefix: string, usesId: string): string => `${prefix}key-uses:{${usesId}}`
const ownerBudgetKey = (prefix: string, ownerId: string) => `${prefix}owner-budget:{${ownerId}}`
/** What was spent and not written down yet: a mark for each id that uses are counted under. */
export const marksKey = (prefix: string): string => `${prefix}uses-unwritten`

export function createSpendingTurn({ redis, prefix, clock, terms }: SpendingOptions) {
  const { owner: ofOwner } = limitsOf({}, terms)

  const placesOfBudget = (key: ApiKeyRecord) => ({
    key: budgetKey(prefix, key),
    ...(key.confinement?.uses && { beside: usesKey(prefix, usesIdOf(key)) }),
  })

  async function askKeys(groups: readonly Group[], nowMs: number): Promise<void> {
    const runs = groups.map((group) => ({
      ...placesOfBudget(group.key),
      values: [nowMs, group.cost, group.count, ...usesAsked(group, nowMs), ...ownOf(group, terms).flatMap(asked)],
    }))
    const replies = (await runScript(redis, spending, runs)) as number[][] // the script gives numbers
    for (const [at, [granted = -1, usesSpent = -1, ...debts]] of replies.entries()) {
      const group = groups[at]
      if (!group || granted < 0) continue
      group.granted = granted
      group.usesSpent = usesSpent < 0 ? null : usesSpent
      group.debts = debts
    }
  }

  async function askOwners(groups: readonly Group[], nowMs: number): Promise<void> {
    if (!ofOwner) return
    const shares = [...gather(groups, ({ key, cost }) => `${key.ownerId} ${cost}`).entries()]
    const runs = shares.map(([, members]) => ({
      key: ownerBudgetKey(prefix, members[0]?.key.ownerId ?? ''),
      values: [nowMs, members[0]?.cost ?? 0, grantedIn(members), ...uncounted, ...asked(ofOwner)],
    }))
    const replies = (await runScript(redis, spending, runs)) as number[][] // the script gives numbers
    for (const [at, [, members]] of shares.entries()) {
      const [all = 0, , debt = 0] = replies[at] ?? []
      shareOut(members, all, debt)
    }
  }

  /** A mark that changes with each spending: whoever writes the uses down knows by it whether they saw the last one. */
  async function mark(groups: readonly Group[]): Promise<void> {
    const spent = groups.filter(({ granted, cost, usesSpent }) => (granted ?? 0) * cost > 0 && usesSpent !== null)
    if (spent.length === 0) return
    const marks = spent.flatMap(({ key, cost, granted, usesSpent }) => [
      usesIdOf(key),
      `${key.confinement?.uses?.issue}/${(usesSpent ?? 0) + (granted ?? 0) * cost}/${clock.now().getTime()}`,
    ])
    const pipeline = redis
      .pipeline()
      .hset(marksKey(prefix), ...marks)
      .pexpire(marksKey(prefix), usesKeptMs)
    const answers = await orUnavailable(pipeline.exec())
    await orUnavailable(Promise.all(answers?.map(([error]) => (error ? Promise.reject(error) : null)) ?? []))
  }

  async function giveBack(
    groups: readonly Group[],
    reserved: ReadonlyMap<Group, number>,
    nowMs: number,
  ): Promise<void> {
    const runs = groups.flatMap((group) => {
      const refused = (reserved.get(group) ?? 0) - (group.granted ?? 0)
      if (refused * group.cost <= 0) return []
      const [, issue = -1, periodMs = 0] = usesAsked(group, nowMs)
      const limits = ownOf(group, terms).flatMap((limit) => asked(limit).slice(0, 3))
      const values = [nowMs, refused * group.cost, issue, periodMs, ...limits]
      return [{ ...placesOfBudget(group.key), values }]
    })
    await runText(redis, givingBack, runs)
  }

  return async (questions: readonly Question[]): Promise<readonly (Spending | 'unknown')[]> => {
    const nowMs = clock.now().getTime()
    const places = placesOf(questions)
    const groups = [...new Set(places.map(({ group }) => group))]
    await askKeys(groups, nowMs)
    const decided = groups.filter(({ granted }) => granted !== null)
    const reserved = new Map(decided.map((group) => [group, group.granted ?? 0]))
    try {
      await Promise.all([mark(decided), askOwners(decided, nowMs)])
    } catch (error) {
      // Nobody is served now. Whether it arrives cannot be waited for; a key that does not get it back has too little, never too much.
      for (const group of decided) group.granted = 0
      giveBack(decided, reserved, nowMs).catch(() => {})
      throw error
    }
    await giveBack(decided, reserved, nowMs)
    return places.map(({ group, before }) => answerOf(group, before, { terms, nowMs }))
  }
}

function answerOf(group: Group, before: number, { terms, nowMs }: Pick<SpendingOptions, 'terms'> & { nowMs: number }) {
  const { key, cost, granted: all, debts, usesSpent, ownerDebt, ownerBefore, ownerAll } = group
  if (all === null) return 'unknown' as const
  const granted = before < all
  const place = {
    granted,
    spentOfKey: Math.min(before, all) * cost,
    spentOfOwner: (granted ? ownerBefore + before : ownerAll) * cost,
  }
  return verdictOf({ own: debts, owner: ownerDebt, usesSpent }, place, { key, cost, terms, nowMs })
}

/** In which group each question is, and how many are in it before. */
function placesOf(questions: readonly Question[]): readonly { readonly group: Group; readonly before: number }[] {
  const groups = new Map<string, Group>()
  return questions.map((question) => {
    const { key, cost, told } = question
    const name = `${key.keyId} ${key.version} ${cost} ${told ? 'told' : 'ask'}`
    const group = groups.get(name) ?? { ...question, ...undecided }
    groups.set(name, group)
    return { group, before: group.count++ }
  })
}

const undecided = {
  ...{ count: 0, granted: null, debts: [], usesSpent: null },
  ...{ ownerDebt: null, ownerBefore: 0, ownerAll: 0 },
}

/** Whoever asked first is granted first. */
function shareOut(members: readonly Group[], all: number, debt: number): void {
  let before = 0
  for (const group of members) {
    group.granted = Math.min(all - before, group.granted ?? 0)
    group.ownerDebt = debt
    group.ownerBefore = before
    group.ownerAll = all
    before += group.granted
  }
}

const grantedIn = (groups: readonly Group[]) => groups.reduce((sum, { granted }) => sum + (granted ?? 0), 0)

const ownOf = ({ key }: Group, terms: BudgetChoice) => limitsOf(key, terms).own

/** As the script takes a limit. */
const asked = (limit: RateLimit) => [debtName(limit), windowMsOf(limit), limit.limit, owedMax(limit)]

/** As the script takes uses that are not counted. */
const uncounted = [-1, -1, 0, 'ask', 0, 0, 0, usesKeptMs] as const

/** As the script takes uses: how many, of which issue and period, and what is known of them elsewhere. */
function usesAsked({ key, told }: Question, nowMs: number): readonly (string | number)[] {
  const uses = key.confinement?.uses
  if (!uses) return uncounted
  const { startedAtMs } = periodOf(uses.refill, nowMs)
  const known = told ? ['told', told.issue, told.periodMs, told.spent] : ['ask', 0, 0, 0]
  return [uses.limit, uses.issue, startedAtMs, ...known, usesKeptMs]
}

function gather<Value>(values: readonly Value[], nameOf: (value: Value) => string): Map<string, Value[]> {
  const gathered = new Map<string, Value[]>()
  for (const value of values) {
    const name = nameOf(value)
    const others = gathered.get(name)
    if (others) others.push(value)
    else gathered.set(name, [value])
  }
  return gathered
}
