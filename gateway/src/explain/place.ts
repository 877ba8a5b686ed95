/** Why a place of an operation is let through or not: each rule that counts there, by the judges of a whole operation. */
import type { Problem } from '@latchkey/problem'
import type { AccessRule } from '@latchkey/subgraph/access-map'
import { type AskedPlace, requirementOf } from '@latchkey/subgraph/access-requirements'
import type { Caller } from '../pipeline.ts'
import type { DecisionCode } from './decision.ts'
import type { Judging, Reading } from './reading.ts'

/** `own`: what a schema does not show is not told either. */
export type Disclosure = 'whole' | 'own'

export interface ExplainedRequirement {
  readonly directive: string
  readonly declaredAt: string | null
  readonly subgraphs: readonly string[] | null
  readonly fulfilled: boolean
  readonly scopes: readonly (readonly string[])[]
}

export interface ExplainedCoordinate {
  readonly path: readonly string[]
  readonly coordinate: string
  readonly decision: DecisionCode
  readonly subgraphs: readonly string[] | null
  readonly requirements: readonly ExplainedRequirement[]
  readonly allowedToKey: boolean | null
}

interface PlaceTerms {
  readonly reading: Reading
  readonly judging: Judging
  readonly caller: Caller
  readonly disclosure: Disclosure
  /** What the access list of the key refuses. */
  readonly refused: readonly string[]
}

export function explainPlace(place: AskedPlace, terms: PlaceTerms): ExplainedCoordinate {
  const { reading, judging, caller, disclosure } = terms
  const { path, coordinate, rules } = place
  const allowedToKey = caller.key?.confinement?.access ? !touches(place, terms) : null
  return {
    ...{ path, coordinate, allowedToKey },
    decision: allowedToKey === false ? 'FORBIDDEN' : codeOf(judging.judge(requirementOf(rules))),
    subgraphs: disclosure === 'whole' ? reading.ownersOf(coordinate) : null,
    requirements: rules.map((rule) => explainRule(rule, terms)),
  }
}

/** A field is refused with its arguments, and on each type that may stand there. */
function touches({ coordinate }: AskedPlace, { reading, refused }: PlaceTerms): boolean {
  const standing = reading.standingAt(coordinate)
  return refused.some((each) => standing.includes(each.replace(/\(.*$/, '')))
}

function explainRule(rule: AccessRule, { reading, judging, disclosure }: PlaceTerms): ExplainedRequirement {
  const origin = reading.originOf(rule)
  const told = disclosure === 'whole'
  return {
    directive: directiveOf(rule, disclosure),
    declaredAt: told ? origin : null,
    subgraphs: told ? reading.ownersOf(origin) : null,
    fulfilled: judging.judge(requirementOf([rule])) === true,
    scopes: rule.scopeSets ?? [],
  }
}

const codeOf = (verdict: true | Problem): DecisionCode => {
  if (verdict === true) return 'PERMITTED'
  return verdict.code === 'STEP_UP_REQUIRED' || verdict.code === 'UNAUTHENTICATED' ? verdict.code : 'FORBIDDEN'
}

/** The names of policies tell how a company decides. */
function directiveOf({ scopeSets, policySets, assurance }: AccessRule, disclosure: Disclosure): string {
  if (scopeSets) return `@requiresScopes(scopes: ${JSON.stringify(scopeSets)})`
  if (policySets) return disclosure === 'whole' ? `@policy(policies: ${JSON.stringify(policySets)})` : '@policy'
  if (!assurance) return '@authenticated'
  const { level, maxAgeSeconds } = assurance
  return `@requiresAssurance(level: ${level.toUpperCase()}${maxAgeSeconds === null ? '' : `, maxAge: ${maxAgeSeconds}`})`
}
