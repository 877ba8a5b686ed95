/** Who may: graphql-shield rules, and the check that no field goes without one. The only home of graphql-shield. */
import { createRequire } from 'node:module'
import { holdsScope, isSignedIn, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
} from 'graphql'
import type * as Shield from 'graphql-shield'

// graphql-shield's ESM build imports `isUndefined` from `node:util`, which Node 23 removed, so it cannot be imported there.
// Its CommonJS build loads everywhere; only `chain` and `race` call that function, and `inOrder` and `anyOf` stand in for them.
const shield: typeof Shield = createRequire(import.meta.url)('graphql-shield')

/** What every rule and every resolver of a subgraph finds in its context. */
export interface GuardedContext {
  readonly principal: Principal
  readonly requestId: string
  /** What rules that read only the principal have decided already. Only they touch it. */
  [decided]?: Decision | undefined
  /** The coordinates that are asked for other subgraphs only, which were not granted them. */
  readonly [withheld]?: ReadonlySet<string> | undefined
}

export const withheld: unique symbol = Symbol('withheld')

const decided: unique symbol = Symbol('decided')

/** One verdict of this operation, chained to those before it. */
interface Decision {
  readonly judge: Judge
  readonly principal: Principal
  verdict: Judged
  readonly before: Decision | undefined
}

/** `true` lets through; a Problem refuses, and reaches the caller as it is. */
export type Verdict = true | Problem

type Judged = Verdict | Promise<Verdict>

type Judge = (parent: unknown, args: unknown, context: GuardedContext) => Judged

type ShieldRule = ReturnType<ReturnType<typeof shield.rule>> | ReturnType<typeof shield.and>

/** A graphql-shield rule that can also be judged without a promise. Made by `rule`, `inOrder` and `anyOf` only. */
export type AccessRule = ShieldRule & { readonly judge: Judge }

/** One rule per field, in schema order; a rule in place of a type's fields guards each of them. */
export type Rules = Readonly<Record<string, AccessRule | Readonly<Record<string, AccessRule>>>>

export interface RuleOptions {
  /**
   * `principal`: judged once per operation and remembered. Such a rule is handed neither parent nor arguments: a remembered
   * verdict about one object would answer for all the others. `none`: judged for each field anew.
   */
  readonly cache: 'principal' | 'none'
}

const isPromise = <Value>(value: Value | Promise<Value>): value is Promise<Value> => value instanceof Promise

/**
 * A rule. It returns (or resolves to) `true` or a Problem. Whatever else it returns, throws or rejects with refuses with
 * INTERNAL, and the cause is in the log.
 * @param name unique among the rules of a subgraph; it is told in logs
 */
export function rule<Parent = unknown, Args = unknown, Context extends GuardedContext = GuardedContext>(
  name: string,
  judge: (parent: Parent, args: Args, context: Context) => Judged,
  { cache }: RuleOptions,
): AccessRule {
  // The parameters are what the schema says they are: the rule's author names their types, as a resolver's does.
  const judged = soundly(name, judge as Judge)
  const remembered = cache === 'principal' ? oncePerOperation(judged) : judged
  return Object.assign(shield.rule(name, { cache: 'no_cache' })(remembered), { judge: remembered })
}

function soundly(name: string, judge: Judge): Judge {
  const fault = (cause: unknown): Problem =>
    cause instanceof Problem ? cause : new Problem('INTERNAL', `rule ${name} failed`, {}, { cause })
  const settled = (verdict: Verdict): Verdict =>
    verdict === true || verdict instanceof Problem ? verdict : fault(new TypeError(`${name} gave no verdict`))
  return (parent, args, context) => {
    try {
      const verdict = judge(parent, args, context)
      return isPromise(verdict) ? verdict.then(settled, fault) : settled(verdict)
    } catch (thrown) {
      return fault(thrown)
    }
  }
}

/**
 * Remembers in the context, which is made anew for each operation: a verdict never outlives the operation it was for. The chain
 * is short, since a subgraph has few such rules, and spares the garbage collector a WeakMap of contexts that die at once.
 */
function oncePerOperation(judge: Judge): Judge {
  return (_parent, _args, context) => {
    const { principal } = context
    // Whoever copies a context copies the chain: what was decided for one principal must not count for another.
    for (let known = context[decided]; known; known = known.before)
      if (known.judge === judge && known.principal === principal) return known.verdict
    const verdict = judge(undefined, undefined, context)
    const decision: Decision = { judge, principal, verdict, before: context[decided] }
    context[decided] = decision
    if (isPromise(verdict))
      verdict.then((settled) => {
        decision.verdict = settled
      })
    return verdict
  }
}

const combined = (rules: readonly AccessRule[], judge: Judge): AccessRule =>
  Object.assign(shield.and(...rules), {
    judge,
    resolve: async (parent: object, args: object, context: unknown) => judge(parent, args, context as GuardedContext),
  })

/** All of them, one after the other; stops at the first refusal. (shield's `and` runs them all.) */
export function inOrder(...rules: readonly AccessRule[]): AccessRule {
  const judgeFrom = (start: number, parent: unknown, args: unknown, context: GuardedContext): Judged => {
    let index = start
    for (let next = rules[index]; next; next = rules[++index]) {
      const verdict = next.judge(parent, args, context)
      if (verdict === true) continue
      if (!isPromise(verdict)) return verdict
      const goOn = index + 1
      return verdict.then((settled) => (settled === true ? judgeFrom(goOn, parent, args, context) : settled))
    }
    return true
  }
  return combined(rules, (parent, args, context) => judgeFrom(0, parent, args, context))
}

/** One of them is enough. When none is, the refusal is the first rule's; a rule that fails with INTERNAL refuses at once. */
export function anyOf(...rules: readonly AccessRule[]): AccessRule {
  const judgeFrom = (
    index: number,
    first: Verdict | null,
    parent: unknown,
    args: unknown,
    context: GuardedContext,
  ): Judged => {
    const next = rules[index]
    if (!next) return first ?? new Problem('FORBIDDEN', 'anyOf of no rules')
    const conclude = (verdict: Verdict): Judged =>
      verdict === true || verdict.code === 'INTERNAL'
        ? verdict
        : judgeFrom(index + 1, first ?? verdict, parent, args, context)
    const judged = next.judge(parent, args, context)
    return isPromise(judged) ? judged.then(conclude) : conclude(judged)
  }
  return combined(rules, (parent, args, context) => judgeFrom(0, null, parent, args, context))
}

/** Everybody, anonymous callers included. */
export const allow = rule('allow', () => true, { cache: 'none' })

/** Nobody. */
export const deny = rule('deny', () => new Problem('FORBIDDEN'), { cache: 'none' })

/** A rule that reads nothing but who is asking. */
const principalRule = (name: string, judge: (principal: Principal) => Verdict): AccessRule =>
  rule(name, (_parent, _args, { principal }) => judge(principal), { cache: 'principal' })

const refuseKnown = (principal: Principal): Problem =>
  new Problem(principal.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN')

/** A user's session or an API key; anonymous callers and services are UNAUTHENTICATED. */
export const signedIn = principalRule(
  'signedIn',
  (principal) => isSignedIn(principal) || new Problem('UNAUTHENTICATED'),
)

/** A person with a session: anonymous callers are UNAUTHENTICATED, keys and services FORBIDDEN. */
export const signedInPerson = principalRule(
  'signedInPerson',
  (principal) => principal.kind === 'user' || refuseKnown(principal),
)

// shield refuses two different rules of one name, so the same question is always the same rule.
const asked = new Map<string, AccessRule>()
function sameRule(name: string, judge: (principal: Principal) => Verdict): AccessRule {
  const known = asked.get(name) ?? principalRule(name, judge)
  asked.set(name, known)
  return known
}

/**
 * Every scope of at least one of these sets, as `@requiresScopes(scopes: [["a", "b"], ["c"]])` reads.
 * Anonymous callers are UNAUTHENTICATED, others FORBIDDEN.
 */
export const requiresScopes = (...anyOfTheseSets: readonly (readonly string[])[]): AccessRule =>
  sameRule(`requiresScopes ${JSON.stringify(anyOfTheseSets)}`, (principal) =>
    principal.kind !== 'anonymous' && anyOfTheseSets.some((set) => set.every((scope) => holdsScope(principal, scope)))
      ? true
      : refuseKnown(principal),
  )

/** These services and nobody else: anonymous callers are UNAUTHENTICATED, others FORBIDDEN. */
export const onlyService = (...names: readonly string[]): AccessRule =>
  sameRule(
    `onlyService ${JSON.stringify(names)}`,
    (principal) => (principal.kind === 'service' && names.includes(principal.name)) || refuseKnown(principal),
  )

/** Federation's own fields, open in every subgraph: composition and entity look-ups need them, and what they lead to has its rules. */
export const federationRules = {
  Query: { _service: allow, _entities: allow },
  _Service: { sdl: allow },
} satisfies Rules

export interface FieldAt {
  readonly coordinate: string
  readonly type: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
}

/** Every field an operation can ask, introspection excepted. */
export const fieldsOf = (schema: GraphQLSchema): readonly FieldAt[] =>
  Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({
        coordinate: `${type.name}.${field.name}`,
        type,
        field,
      })),
    )

const isRule = (rules: AccessRule | Readonly<Record<string, AccessRule>>): rules is AccessRule =>
  typeof rules.judge === 'function'

function ruleIn(rules: Rules, { type, field }: FieldAt): AccessRule | undefined {
  const forType = Object.hasOwn(rules, type.name) ? rules[type.name] : undefined
  if (!forType || isRule(forType)) return forType
  return Object.hasOwn(forType, field.name) ? forType[field.name] : undefined
}

/** The rule of a field, or `deny`: shield's own default would be to allow. */
export const ruleFor = (rules: Rules, at: FieldAt): AccessRule =>
  ruleIn(federationRules, at) ?? ruleIn(rules, at) ?? deny

/** The coordinates (`Type.field`) of all fields without a rule, federation's own excepted. */
export const unguardedFields = (schema: GraphQLSchema, rules: Rules): string[] =>
  fieldsOf(schema)
    .filter((at) => !ruleIn(federationRules, at) && !ruleIn(rules, at))
    .map(({ coordinate }) => coordinate)

/** Throws when a field has no rule, a rule names what the schema does not have, or two rules share a name. */
export function checkRules(schema: GraphQLSchema, rules: Rules): void {
  const unguarded = unguardedFields(schema, rules)
  if (unguarded.length > 0) throw new Error(`No rule guards ${unguarded.join(', ')}`)
  const unneeded = { debug: false, allowExternalErrors: false, hashFunction: () => '', fallbackRule: deny }
  shield.shield(rules, unneeded).generate(schema)
}

/** What `guardReference` makes; nothing else may stand as `__resolveReference`. */
export type GuardedReference = (...parts: never[]) => Promise<unknown>

const guardedReferences = new WeakMap<object, AccessRule>()

/**
 * A `__resolveReference` that asks the rule first, with the reference as parent, and loads nothing when it refuses. Field rules
 * cannot do that: they run after the object is loaded. References of one list are judged one by one and loaded in one batch.
 */
export function guardReference<Reference = unknown, Context extends GuardedContext = GuardedContext>(
  guard: AccessRule,
  resolve: (reference: Reference, context: Context, info: GraphQLResolveInfo) => unknown,
): GuardedReference {
  const guarded = async (reference: Reference, context: Context, info: GraphQLResolveInfo): Promise<unknown> => {
    const judged = guard.judge(reference, {}, context)
    const verdict = isPromise(judged) ? await judged : judged
    if (verdict !== true) throw verdict
    const found = await resolve(reference, context, info)
    // Thrown, and not handed on: the federation library would write `__typename` on it, as on any object it is given.
    if (found instanceof Error) throw found
    return found
  }
  guardedReferences.set(guarded, guard)
  return guarded
}

/** The rule that a `__resolveReference` asks first; `undefined` when it is none that `guardReference` made. */
export const referenceRule = (resolver: unknown): AccessRule | undefined =>
  typeof resolver === 'function' ? guardedReferences.get(resolver) : undefined

export const isGuardedReference = (resolver: unknown): boolean => referenceRule(resolver) !== undefined
