/** Questions to the budgets as `spendScript` takes them, and as it answers. */
import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { Proviso } from '../records/proviso.ts'
import type { Run } from '../redis-scripts.ts'
import { type BudgetChoice, countsCost, limitsOfKey, usesIdOf, windowMsOf } from './budget-terms.ts'
import type { RateLimit, UseRefill } from './confinement.ts'
import { debtName, owedMax, takenBy } from './gcra.ts'
import type { UsesSpent } from './key-budgets.ts'
import type { Balance } from './verdict-of-spending.ts'

/** Equal requests: they are decided together. */
export interface Asked {
  readonly key: ApiKeyRecord
  readonly cost: number
  /** What each request costs: it counts for limits that count costs. */
  readonly planned: number
  readonly count: number
  /** What was written down of its uses, once somebody has asked. */
  readonly told?: UsesSpent | undefined
  /** Nothing is spent unless it holds. */
  readonly proviso?: Proviso | undefined
}

export interface CallTerms {
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
  readonly terms: BudgetChoice
}

/** What the script reads. Places begin at 1, as Lua counts. */
interface SpendingCall {
  readonly limits: readonly LimitCall[]
  readonly uses: readonly UsesCall[]
  readonly provisos: readonly ProvisoCall[]
  readonly questions: readonly QuestionCall[]
}

/** `ticks`: what one request takes. */
type LimitCall = readonly [name: string, ticks: number, limit: number, owedMax: number]

interface UsesCall {
  /** In KEYS: of what was spent, and of the marks. */
  readonly place: number
  readonly marks: number
  readonly id: string
  readonly limit: number
  readonly issue: number
  readonly refill: UseRefill
  readonly told?: readonly [issue: number, periodMs: number, spent: number]
}

/** Pairs: a place in KEYS, and the digest of the text that has to stand there, or nothing where none may. */
type ProvisoCall = readonly (number | string)[]

/** The place of its uses is 0 where none are counted, that of its proviso where nothing is provided. */
type QuestionCall = readonly [cost: number, count: number, uses: number, proviso: number, ...pursesAndLimits: number[]]

/** What is owed of a key's limits. */
export const budgetKey = (prefix: string, keyId: string): string => `${prefix}key-budget:{${keyId}}`
/** What was spent of uses, which keys may share. */
export const usesKey = (prefix: string, usesId: string): string => `${prefix}key-uses:{${usesId}}`
/** What was spent and not written down yet: a mark for each id that uses are counted under. */
export const marksKey = (prefix: string): string => `${prefix}uses-unwritten`
const ownerBudgetKey = (prefix: string, ownerId: string) => `${prefix}owner-budget:{${ownerId}}`

export function callOf(all: readonly Asked[], { prefix, terms }: CallTerms): Run {
  const [keys, limits] = [createPlaces<string>(), createLimits()]
  const uses: UsesCall[] = []
  const provisos: ProvisoCall[] = []
  const questions = all.map(({ key, cost, planned, count, told, proviso }): QuestionCall => {
    const question: [number, number, number, number, ...number[]] = [cost, count, 0, 0]
    if (proviso) question[3] = provisos.push(provisoCall(proviso, keys))
    const allowance = key.confinement?.uses
    if (allowance) {
      const { limit, issue, refill } = allowance
      const id = usesIdOf(key)
      const places = { place: keys.of(usesKey(prefix, id)), marks: keys.of(marksKey(prefix)) }
      const row = { ...places, id, limit, issue, refill }
      question[2] = uses.push(told ? { ...row, told: [told.issue, told.periodMs, told.spent] } : row)
    }
    if (terms === 'unlimited') return question
    const purses = pursesOf(prefix, key)
    const own = keys.of(purses.own)
    for (const limit of limitsOfKey(key, terms)) question.push(own, limits.of(limit, planned))
    question.push(keys.of(purses.owner), limits.of(terms.owner, planned))
    return question
  })
  const call: SpendingCall = { limits: limits.calls, uses, provisos, questions }
  return { keys: keys.all(), values: [JSON.stringify(call)] }
}

function provisoCall(proviso: Proviso, keys: Places<string>): ProvisoCall {
  const call: (number | string)[] = []
  for (const { key, digest } of proviso) call.push(keys.of(key), digest ?? '')
  return call
}

interface Purses {
  readonly prefix: string
  readonly own: string
  readonly owner: string
}

// A record stays the same object for as long as it says the same, and a text that is made anew is hashed anew.
const known = new WeakMap<ApiKeyRecord, Purses>()

function pursesOf(prefix: string, key: ApiKeyRecord): Purses {
  const before = known.get(key)
  if (before?.prefix === prefix) return before
  const purses = { prefix, own: budgetKey(prefix, key.keyId), owner: ownerBudgetKey(prefix, key.ownerId) }
  known.set(key, purses)
  return purses
}

/** Each limit once; one that counts costs once for each cost, for to the script a request that costs more takes more of the window. */
function createLimits() {
  const calls: LimitCall[] = []
  const places = new Map<RateLimit, number>()
  return {
    calls,
    of(limit: RateLimit, planned: number): number {
      const known = countsCost(limit) ? undefined : places.get(limit)
      if (known !== undefined) return known
      const ticks = windowMsOf(limit) * takenBy(1, planned, limit)
      const place = calls.push([debtName(limit), ticks, limit.limit, owedMax(limit)])
      places.set(limit, place)
      return place
    },
  }
}

export interface Decided extends Balance {
  /** How many were granted. `unknown`: its uses are not known; `changed`: what was provided does not hold. Then nothing was decided. */
  readonly granted: number | 'unknown' | 'changed'
  /** When it was decided. */
  readonly nowMs: number
}

const undecided: Readonly<Record<number, 'unknown' | 'changed'>> = { [-1]: 'unknown', [-2]: 'changed' }

export function readReply(reply: readonly number[], { questions, terms }: DecidedTerms): Decided[] {
  let at = 1
  const [nowMs = 0] = reply
  return questions.map(({ key }) => {
    const [granted = -1, usesSpent = -1] = [reply[at], reply[at + 1]]
    const limits = terms === 'unlimited' ? 0 : limitsOfKey(key, terms).length + 1
    const debts = reply.slice(at + 2, at + 2 + limits)
    at += 2 + limits
    return { granted: undecided[granted] ?? granted, usesSpent: usesSpent < 0 ? null : usesSpent, debts, nowMs }
  })
}

interface DecidedTerms {
  readonly questions: readonly Asked[]
  readonly terms: BudgetChoice
}

interface Places<Thing> {
  of(thing: Thing): number
  all(): Thing[]
}

/** Each thing once, with its place. */
function createPlaces<Thing>(): Places<Thing> {
  const places = new Map<Thing, number>()
  return {
    of(thing: Thing): number {
      const known = places.get(thing)
      if (known !== undefined) return known
      places.set(thing, places.size + 1)
      return places.size
    },
    all: (): Thing[] => [...places.keys()],
  }
}
