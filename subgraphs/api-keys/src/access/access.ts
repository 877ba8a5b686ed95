/** What a key may touch of the schema: what its rules come to, and what became of them since. Pure. */
import { type AccessList, deniedCoordinate } from '@latchkey/principal/access-list'
import { fitsArgument } from '@latchkey/subgraph/argument-values'
import type { GraphQLSchema } from 'graphql'
import { type AccessRule, argumentOf, fieldOf, parseAccessRule, type ValueRule, writeRule } from './rule.ts'
import { type Field, fieldIn, fieldsOf, missingIn, standingFor } from './schema-places.ts'

export interface RuleLists {
  readonly allow: readonly AccessRule[]
  readonly deny: readonly AccessRule[]
}

/** The list is read with every request. */
const coordinatesMax = 1_000

export function faultOfSize({ accepted = [], denied }: AccessList): string | null {
  const size = accepted.length + denied.length
  return size > coordinatesMax
    ? `comes to ${size} fields and arguments, and may come to ${coordinatesMax}: name fewer`
    : null
}

/** What the lists come to in the schema as it is. */
export function createAccessList(lists: RuleLists, schema: GraphQLSchema): AccessList {
  const { allow, deny } = lists
  const denied = [...new Set(deny.flatMap((rule) => deniedBy(rule, schema)))]
  const values = allow.filter((rule) => rule.kind === 'value')
  return {
    allow: allow.map(writeRule),
    deny: deny.map(writeRule),
    denied,
    ...(allow.length > 0 && { accepted: allowedBy(lists, denied, schema) }),
    ...(values.length > 0 && { constants: constantsIn(values) }),
  }
}

function allowedBy({ allow }: RuleLists, denied: readonly string[], schema: GraphQLSchema): readonly string[] {
  const argued = new Set(allow.flatMap((rule) => ('field' in rule && rule.kind !== 'field' ? [fieldOf(rule)] : [])))
  const whole = (type: string, { name: field, args }: Field): string[] => {
    const coordinate = fieldOf({ type, field })
    const given = argued.has(coordinate) ? [] : args.map(({ name }) => `${coordinate}(${name}:)`)
    return [coordinate, ...given]
  }
  const found = allow.flatMap((rule): string[] => {
    if (rule.kind === 'type') return fieldsOf(schema, rule.type).flatMap((field) => whole(rule.type, field))
    const field = fieldIn(schema, rule.type, rule.field)
    if (!field) return []
    if (rule.kind === 'field') return whole(rule.type, field)
    return rule.kind === 'bare' ? [fieldOf(rule)] : [fieldOf(rule), argumentOf(rule)]
  })
  const only: AccessList = { allow: [], deny: [], denied }
  return [...new Set(found)].filter((coordinate) => deniedCoordinate(only, [coordinate]) === null)
}

/** What is denied on an interface is denied on every type behind it. */
function deniedBy(rule: AccessRule, schema: GraphQLSchema): readonly string[] {
  const behind = standingFor(schema, rule.type)
  if (rule.kind === 'type') {
    const fields = fieldsOf(schema, rule.type)
    return [`${rule.type}.*`, ...behind.flatMap((type) => fields.map(({ name }) => fieldOf({ type, field: name })))]
  }
  const coordinate = 'argument' in rule ? argumentOf : fieldOf
  const named = { argument: '', ...rule }
  return [rule.type, ...behind].map((type) => coordinate({ ...named, type }))
}

function constantsIn(values: readonly ValueRule[]): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {}
  for (const rule of values) {
    const before = found[argumentOf(rule)] ?? []
    found[argumentOf(rule)] = [...before, rule.value]
  }
  return found
}

/** The rules of a list that is kept, read again. */
const rulesOf = ({ allow, deny }: Pick<AccessList, 'allow' | 'deny'>): RuleLists => ({
  allow: allow.flatMap((text) => parseAccessRule(text) ?? []),
  deny: deny.flatMap((text) => parseAccessRule(text) ?? []),
})

/** What the list names and the schema has no more, rules and what was accepted under them; arguments that their values no longer fit. */
export function staleIn(access: AccessList, schema: GraphQLSchema): readonly string[] {
  const { allow, deny } = rulesOf(access)
  const missing = [...allow, ...deny].flatMap((rule) => missingIn(schema, rule) ?? unfitting(rule, schema))
  const gone = (access.accepted ?? []).filter((coordinate) => !isIn(schema, coordinate))
  return [...new Set([...missing, ...gone])]
}

// Without the value: what is stale is told in records and logs, and a value may say who somebody is.
const unfitting = (rule: AccessRule, schema: GraphQLSchema): readonly string[] =>
  rule.kind === 'value' && !fitsIn(schema, rule) ? [argumentOf(rule)] : []

export function fitsIn(schema: GraphQLSchema, { type, field, argument, value }: ValueRule): boolean {
  const wanted = fieldIn(schema, type, field)?.args.find(({ name }) => name === argument)
  return wanted !== undefined && fitsArgument(wanted.type, value)
}

function isIn(schema: GraphQLSchema, coordinate: string): boolean {
  const rule = parseAccessRule(coordinate)
  return rule !== null && missingIn(schema, rule) === null
}

/** What its rules mean now and nobody accepted: what came to the schema since. */
export function pendingIn(access: AccessList, schema: GraphQLSchema): readonly string[] {
  if (!access.accepted) return []
  const accepted = new Set(access.accepted)
  return (createAccessList(rulesOf(access), schema).accepted ?? []).filter((coordinate) => !accepted.has(coordinate))
}

/** With what is accepted added, and what the schema has no more forgotten: should it come back, it is not granted. */
export function accepting(access: AccessList, fields: readonly string[], schema: GraphQLSchema): AccessList {
  const { accepted } = access
  return accepted
    ? { ...access, accepted: [...accepted.filter((coordinate) => isIn(schema, coordinate)), ...fields] }
    : access
}
