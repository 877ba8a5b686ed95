/** What a new supergraph changes about who may ask for what. */

import { publicSchemaOf } from '@latchkey/public-graph'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import { type AccessRequirement, createFieldRequirements } from '@latchkey/subgraph/access-requirements'
import type { Assurance } from '@latchkey/subgraph/assurance'
import { type GraphQLSchema, isInterfaceType, isObjectType, parse } from 'graphql'

/**
 * `wider`: everybody who could ask before still can, and others can now; `narrower`: the other way round; `different`: some can who
 * could not, and some cannot who could.
 */
export type AccessChangeKind = 'added' | 'removed' | 'wider' | 'narrower' | 'different'

export interface AccessChange {
  /** `Type.field`. */
  readonly coordinate: string
  readonly kind: AccessChangeKind
  /** `null`: it is not there. */
  readonly before: AccessRequirement | null
  readonly after: AccessRequirement | null
}

type Requirements = ReadonlyMap<string, AccessRequirement>

/**
 * Every coordinate of the public schemas whose requirement changed, in the order of their names.
 * @throws Error when a text is no supergraph, or carries a directive for security that is not enforced.
 */
export function diffAccess(before: string, after: string): readonly AccessChange[] {
  const [old, current] = [requirementsIn(before), requirementsIn(after)]
  const coordinates = [...new Set([...old.keys(), ...current.keys()])].sort()
  return coordinates.flatMap((coordinate) => {
    const change = { before: old.get(coordinate) ?? null, after: current.get(coordinate) ?? null }
    const kind = kindOf(change)
    return kind === null ? [] : [{ coordinate, kind, ...change }]
  })
}

function requirementsIn(supergraphSdl: string): Requirements {
  const requirementOf = createFieldRequirements(readAccessMap(supergraphSdl))
  const schema = publicSchemaOf(parse(supergraphSdl, { noLocation: true }))
  return new Map(fieldsOf(schema).map(([type, field]) => [`${type}.${field}`, requirementOf(type, field)]))
}

const fieldsOf = (schema: GraphQLSchema): readonly (readonly [type: string, field: string])[] =>
  Object.values(schema.getTypeMap()).flatMap((type) =>
    (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith('__')
      ? Object.keys(type.getFields()).map((field) => [type.name, field] as const)
      : [],
  )

function kindOf({ before, after }: Pick<AccessChange, 'before' | 'after'>): AccessChangeKind | null {
  if (!before || !after) return before ? 'removed' : after ? 'added' : null
  const [stillAdmitted, admittedBefore] = [implies(before, after), implies(after, before)]
  if (stillAdmitted && admittedBefore) return null
  return stillAdmitted ? 'wider' : admittedBefore ? 'narrower' : 'different'
}

/** Whether whoever meets the one requirement meets the other too. */
export function implies(one: AccessRequirement, other: AccessRequirement): boolean {
  if (other.signedIn && !one.signedIn) return false
  if (!isAsStrict(one.assurance, other.assurance)) return false
  return impliesSets(one.scopes, other.scopes) && impliesSets(one.policies, other.policies)
}

type Groups = AccessRequirement['scopes']

/** Each group wants one of its sets: it is met by whatever meets some group of which every set holds one of these. */
const impliesSets = (one: Groups, other: Groups): boolean =>
  other.every(
    (sets) => one.some((stronger) => stronger.every((set) => holdsOneOf(set, sets))) || impliedByAll(one, sets),
  )

const holdsOneOf = (held: readonly string[], sets: readonly (readonly string[])[]): boolean =>
  sets.some((set) => set.every((scope) => held.includes(scope)))

const combinationsMax = 10_000

/** Two groups together can mean what neither means alone: then every combination of their sets is looked at. */
function impliedByAll(groups: Groups, sets: readonly (readonly string[])[]): boolean {
  const combinations = groups.reduce((product, group) => product * group.length, 1)
  if (groups.length < 2 || combinations > combinationsMax) return false
  const held = groups.reduce<readonly (readonly string[])[]>(
    (some, group) => some.flatMap((chosen) => group.map((set) => [...chosen, ...set])),
    [[]],
  )
  return held.every((names) => holdsOneOf(names, sets))
}

function isAsStrict(one: Assurance | null, other: Assurance | null): boolean {
  if (other === null) return true
  if (one === null || (other.level === 'aal2' && one.level !== 'aal2')) return false
  return other.maxAgeSeconds === null || (one.maxAgeSeconds !== null && one.maxAgeSeconds <= other.maxAgeSeconds)
}
