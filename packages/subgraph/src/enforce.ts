/** Puts its rule before every field of a schema. */

import type { Clock } from '@latchkey/clock'
import { mayChange } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isAbstractType,
  isListType,
} from 'graphql'
import { type Assurance, assuranceOf, judgeAssurance } from './assurance.ts'
import {
  type AccessRule,
  type FieldAt,
  fieldsOf,
  type GuardedContext,
  inOrder,
  type Rules,
  rule,
  ruleFor,
  withheld,
} from './guard.ts'

type Resolver = GraphQLFieldResolver<unknown, GuardedContext>

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/**
 * Guards a schema in place. It stands in for shield's own middleware, which makes every field of an answer wait for a promise:
 * the rules are the same and so are the verdicts (a test holds both to it), but a rule that needs no promise costs none.
 * After its own rule a field is guarded by what its schema says of assurance, and before it against whoever acts for a person.
 * Throws when the schema asks for assurance and there is no clock.
 */
export function enforce(schema: GraphQLSchema, rules: Rules, clock?: Clock): void {
  const guardOf = createGuards(schema, rules, clock)
  for (const at of fieldsOf(schema)) {
    const resolve = at.field.resolve ?? propertyNamed(at.field.name)
    const whole = isListOf(at.field.type) ? withSettledItems(resolve) : resolve
    // The schema is ours, freshly built, and its context is what `createSubgraph` makes.
    at.field.resolve = guardField(guardOf(at), whole, at.coordinate) as GraphQLFieldResolver<unknown, unknown>
  }
  for (const type of Object.values(schema.getTypeMap())) if (isAbstractType(type)) resolveTypeQuietly(type)
}

/** Whoever looks at an account in a person's place changes nothing, whatever the field's own rule says. */
const looksOnly = rule(
  'looksOnly',
  (_parent, _args, { principal }) =>
    mayChange(principal) || new Problem('FORBIDDEN', 'this impersonation is read-only'),
  { cache: 'principal' },
)

/** Nor do they ever prove to be the person: no rule of the field's own is to ask them for a better proof. */
const inPerson = rule(
  'inPerson',
  (_parent, _args, { principal }) =>
    principal.kind !== 'user' || !principal.act || new Problem('FORBIDDEN', 'only the person in person'),
  { cache: 'principal' },
)

/** What stands before a field: its own rule, and what the schema and the kind of operation ask besides. */
export function createGuards(
  schema: GraphQLSchema,
  rules: Rules,
  clock: Clock | undefined,
): (at: FieldAt) => AccessRule {
  // One rule for all fields that ask the same, so that it is judged once in an operation.
  const known = new Map<string, AccessRule>()
  const assured = (required: Assurance, { coordinate }: FieldAt): AccessRule => {
    if (!clock) throw new Error(`${coordinate} asks for assurance, which takes a clock: createSubgraph({ clock })`)
    const name = `assured ${JSON.stringify(required)}`
    const found =
      known.get(name) ??
      rule(name, (_parent, _args, { principal }) => judgeAssurance(required, principal, clock), { cache: 'principal' })
    known.set(name, found)
    return found
  }
  const mutation = schema.getMutationType()?.name
  return (at) => {
    const required = assuranceOf(at.type, at.field)
    const before = [...(at.type.name === mutation ? [looksOnly] : []), ...(required ? [inPerson] : [])]
    const after = required ? [assured(required, at)] : []
    const own = ruleFor(rules, at)
    return before.length + after.length > 0 ? inOrder(...before, own, ...after) : own
  }
}

const guardField =
  (guard: AccessRule, resolve: Resolver, coordinate: string): Resolver =>
  (parent, args, context, info) => {
    if (context[withheld]?.has(coordinate))
      return new Problem('FORBIDDEN', `${coordinate} is not granted to who needs it`)
    const verdict = guard.judge(parent, args, context)
    if (verdict === true) return resolve(parent, args, context, info)
    // A refusal is returned, not thrown: both executors take an Error for the field's failure, and this way costs no unwinding.
    if (!(verdict instanceof Promise)) return verdict
    return verdict.then((settled) => (settled === true ? resolve(parent, args, context, info) : settled))
  }

/** What graphql-js does for a field without a resolver, but by the field's own name: compiled operations may mix up `info`. */
const propertyNamed =
  (name: string): Resolver =>
  (parent, args, context, info) => {
    if (typeof parent !== 'object' || parent === null) return undefined
    const value: unknown = Reflect.get(parent, name)
    return typeof value === 'function' ? value.call(parent, args, context, info) : value
  }

const isListOf = (type: GraphQLOutputType): boolean => isListType(getNullableType(type))

/**
 * graphql-jit takes neither a promise nor an exception from a type resolver: an exception would end the process. What went wrong
 * becomes the name of a type that does not exist, so both executors fail the field, and the log has the words.
 */
function resolveTypeQuietly(type: GraphQLAbstractType): void {
  const resolve = type.resolveType ?? defaultTypeResolver
  type.resolveType = (value, context, info) => {
    try {
      const name = resolve(value, context, info, type)
      return typeof name === 'string' ? name : `none at once for this value of ${type.name}`
    } catch (thrown) {
      return `none: ${thrown}`
    }
  }
}

/**
 * graphql-jit puts a rejected item of a list in a wrong place, and lets an exception of an iterator end the process. So lists are
 * arrays before they get there, and an item that rejects is an Error in its own place.
 */
const withSettledItems =
  (resolve: Resolver): Resolver =>
  (parent, args, context, info) => {
    const list: unknown = resolve(parent, args, context, info)
    return isThenable(list) ? list.then(settleItems) : settleItems(list)
  }

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value

function settleItems(list: unknown): unknown {
  if (!isIterable(list)) return list
  const items = Array.isArray(list) ? list : [...list]
  return items.some(isThenable) ? items.map((item) => (isThenable(item) ? settle(item) : item)) : items
}

const settle = (item: PromiseLike<unknown>): PromiseLike<unknown> =>
  item.then(undefined, (reason: unknown) =>
    reason instanceof Error ? reason : new Error('rejected without an Error', { cause: reason }),
  )
