/** Explains what would come of an operation and why, without running it. */
import { type Clock, secondMs } from '@latchkey/clock'
import { type Principal, scopesOf } from '@latchkey/principal'
import type { PersistedOperationsLevel } from '@latchkey/principal/confinement'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { KeyBudgets, LimitState, Spending } from '@latchkey/principal/key-budgets'
import type { AccessRequirement } from '@latchkey/subgraph/access-requirements'
import { judgeAssurance } from '@latchkey/subgraph/assurance'
import { isExceeded } from '@latchkey/subgraph/operation-size'
import { digestOf } from '../authorize/key-access.ts'
import { plannedCost } from '../cost/planned-cost.ts'
import type { PreparedOperation } from '../execute/engine.ts'
import type { KnownOperation } from '../operations.ts'
import type { PersistedOperations } from '../persisted/levels.ts'
import { changeOf } from './change.ts'
import {
  type Decision,
  type DecisionCode,
  decide,
  decideSpending,
  isShort,
  isWithheld,
  refusedWith,
} from './decision.ts'
import { type Disclosure, type ExplainedCoordinate, explainPlace } from './place.ts'
import type { Question } from './question.ts'
import type { Measured, Reading } from './reading.ts'
import { type Remedy, remediesFor } from './remedy.ts'
import type { RoleCatalogue } from './role-catalogue.ts'
import type { Subject } from './subject.ts'

export interface Explanation {
  readonly decision: DecisionCode
  readonly reason: string | null
  readonly message: string | null
  readonly caller: ExplainedCaller
  readonly coordinates: readonly ExplainedCoordinate[]
  readonly scopes: readonly ExplainedScope[]
  readonly key: ExplainedKey | null
  readonly assurance: ExplainedAssurance | null
  readonly limits: readonly ExplainedLimit[]
  readonly cost: number | null
  readonly withheld: boolean
  readonly smallestChanges: readonly { readonly changes: Remedy }[]
}

interface ExplainedCaller {
  readonly kind: Principal['kind']
  readonly userId: string | null
  readonly apiKeyId: string | null
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
}

interface ExplainedScope {
  readonly name: string
  readonly held: boolean
  readonly heldByKey: boolean | null
  readonly rolePaths: readonly (readonly string[])[] | null
  readonly roles: readonly string[] | null
}

interface ExplainedKey {
  readonly refusal: string | null
  readonly operationBound: boolean | null
  readonly persistedOperations: PersistedOperationsLevel | null
  readonly refusedCoordinates: readonly string[]
  readonly networks: readonly string[]
  readonly origins: readonly string[]
  readonly resources: readonly string[]
}

interface ExplainedAssurance {
  readonly level: 'AAL1' | 'AAL2'
  readonly maxAgeSeconds: number | null
  readonly heldLevel: 'AAL1' | 'AAL2' | null
  readonly heldAgeSeconds: number | null
  readonly fulfilled: boolean
}

interface ExplainedLimit {
  readonly name: string
  readonly max: number
  readonly used: number | null
  readonly left: number | null
  readonly exceeded: boolean
}

export interface ExplainTerms {
  readonly reading: Reading
  readonly question: Question
  readonly subject: Subject
  /** `null`: who asks may not know them. */
  readonly roles: RoleCatalogue | null
  readonly disclosure: Disclosure
  readonly budgets: KeyBudgets
  readonly clock: Clock
  /** What a text is refused with that is not registered, where it must be for this key; `null`: it is let in. */
  readonly refusalOf: PersistedOperations['refusalOf']
}

/** Rejects with UNAVAILABLE when nobody can say what a key may still spend. */
export async function explain(terms: ExplainTerms): Promise<Explanation> {
  const { reading, question, subject, budgets } = terms
  const lawful = decide(reading.authorize, question, subject)
  const { key } = subject.caller
  const unregistered = subject.refusal ? null : terms.refusalOf(question.query, key)
  const judged = unregistered ? refusedWith(unregistered) : lawful
  const operation = operationOf(terms)
  const cost = operation && plannedCost(operation.cost, question.variables)
  const spending = key ? await budgets.spend(key, 0) : null
  const spent = judged.code === 'PERMITTED' && spending && key ? decideSpending(spending, key.keyId, cost ?? 0) : null
  const { code, reason, message } = spent?.decision ?? judged
  const sizes = reading.sizes(question.query)
  const refused = key && operation ? reading.refusedTo(key, operation, question.variables) : []
  const remedies = spent ? [[spent.change]] : remediesOf(lawful, operation, terms)
  const registering = unregistered ? [changeOf('REGISTER_OPERATION', { operation: digestOf(question.query) })] : []
  return {
    ...{ decision: code, reason, message, cost },
    withheld: judged.code !== 'PERMITTED' && isWithheld(reading.authorize, question, subject),
    caller: explainCaller(subject),
    coordinates: operation ? placesOf(terms, operation, refused) : [],
    scopes: operation ? scopesIn(operation.requirement, terms) : [],
    key: explainKey(terms, refused),
    assurance: operation ? explainAssurance(operation.requirement, terms) : null,
    limits: [
      ...sizes.map(limitOfSize),
      ...(spending?.limits ?? []).map((limit) => limitOfRate(limit, cost ?? 0)),
      ...usesIn(spending, key),
    ],
    smallestChanges: remedies
      .map((changes) => ({ changes: [...registering, ...changes] }))
      .filter(({ changes }) => changes.length > 0),
  }
}

/** `null`: it cannot be prepared, and the decision says why. */
function operationOf({ reading, question }: ExplainTerms): KnownOperation<PreparedOperation> | null {
  try {
    return reading.prepare(question.query, question.operationName)
  } catch {
    return null
  }
}

function remediesOf(
  judged: Decision,
  operation: KnownOperation<PreparedOperation> | null,
  { subject, question, ...terms }: ExplainTerms,
): readonly Remedy[] {
  if (judged.code === 'PERMITTED') return [[]]
  if (operation) return remediesFor(subject, { ...terms, question, operation })
  const limits = terms.reading.sizes(question.query).filter(isMeasuredExcess)
  if (limits.length === 0) return [[changeOf('CORRECT_OPERATION')]]
  return [[changeOf('SHRINK_OPERATION', { limits: limits.map(({ name }) => name) })]]
}

const isMeasuredExcess = ({ size, max }: Measured): boolean => isExceeded({ name: 'FIELDS', size, max })

/** Types that ask for nothing are left out: the fields around them say all that there is. */
function placesOf(
  { question, subject, ...terms }: ExplainTerms,
  operation: KnownOperation<PreparedOperation>,
  refused: readonly string[],
) {
  const { reading } = terms
  const { caller } = subject
  const judging = reading.judging({ caller, operation, address: question.address })
  return reading
    .places(question.query, question.operationName)
    .filter(({ coordinate, rules }) => rules.length > 0 || coordinate.includes('.'))
    .map((place) => explainPlace(place, { ...terms, judging, caller, refused }))
}

function explainCaller({ caller: { principal, key }, account }: Subject): ExplainedCaller {
  return {
    kind: principal.kind,
    userId: account?.userId || null,
    apiKeyId: key?.keyId ?? null,
    roles: account?.roles ?? [],
    scopes: scopesOf(principal),
  }
}

function scopesIn({ scopes }: AccessRequirement, { subject, roles }: ExplainTerms): readonly ExplainedScope[] {
  const { caller, account } = subject
  const held = scopesOf(caller.principal)
  return [...new Set(scopes.flat(2))].map((name) => ({
    name,
    held: held.includes(name),
    heldByKey: caller.key ? caller.key.scopes.includes(name) : null,
    rolePaths: roles?.pathsTo(name, account?.roles ?? []) ?? null,
    roles: roles?.giving(name).map((role) => role.name) ?? null,
  }))
}

function explainKey({ subject, question }: ExplainTerms, refusedCoordinates: readonly string[]): ExplainedKey | null {
  const { key } = subject.caller
  if (!key) return null
  const { operations, persistedOperations = null, networks = [], origins = [], resources = [] } = key.confinement ?? {}
  const operationBound = operations ? operations.includes(digestOf(question.query)) : null
  return {
    ...{ refusal: subject.refusal, operationBound, persistedOperations, refusedCoordinates },
    ...{ networks, origins, resources },
  }
}

const shown = { aal1: 'AAL1', aal2: 'AAL2' } as const

function explainAssurance({ assurance }: AccessRequirement, { subject, clock }: ExplainTerms) {
  if (assurance === null) return null
  const { principal } = subject.caller
  const person = principal.kind === 'user' && !principal.act ? principal : null
  return {
    level: shown[assurance.level],
    maxAgeSeconds: assurance.maxAgeSeconds,
    heldLevel: person && shown[person.acr],
    heldAgeSeconds: person && Math.floor(clock.now().getTime() / secondMs) - person.authTime,
    fulfilled: judgeAssurance(assurance, principal, clock) === true,
  }
}

const limitOfSize = ({ name, size, max }: Measured): ExplainedLimit => ({
  ...{ name, max, used: size, left: null, exceeded: size > max },
})

const limitOfRate = (state: LimitState, cost: number): ExplainedLimit => ({
  ...{ name: state.name, max: state.limit, used: null, left: state.remaining, exceeded: isShort(state, cost) },
})

function usesIn(spending: Spending | null, key: ApiKeyRecord | undefined): readonly ExplainedLimit[] {
  const left = spending?.usesLeft ?? null
  const max = key?.confinement?.uses?.limit ?? 0
  return left === null ? [] : [{ name: 'USES', max, used: max - left, left, exceeded: left < 1 }]
}
