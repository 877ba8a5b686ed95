/** What a subgraph is: a schema, a rule for every field of it, and one way to ask it. */
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { Clock } from '@latchkey/clock'
import { actingUserId, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import {
  type ExecutionResult,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  type GraphQLSchema,
  isNonNullType,
  isObjectType,
  parse,
} from 'graphql'
import { assuranceDirective, renamesAssurance } from './assurance.ts'
import { createDocuments } from './documents.ts'
import { enforce } from './enforce.ts'
import { readEntityAccess } from './entity-access.ts'
import { checkRules, type GuardedContext, isGuardedReference, type Rules, withheld } from './guard.ts'
import { withHopLines } from './hop-line.ts'
import { type MaskOptions, maskError, maskThrown } from './mask.ts'
import { oneErrorPerNull } from './one-error-per-null.ts'
import { withTraces } from './traced.ts'
import type { Client, SubgraphRequest, SubgraphResponse } from './transport.ts'

export type { GuardedContext, Rules } from './guard.ts'

/** A subgraph that can be asked: in process (`in-process.ts`) or as a server (`serve.ts`). */
export interface Subgraph {
  readonly name: string
  readonly schema: GraphQLSchema
  /**
   * Never rejects: what goes wrong is in `errors`, masked. Queries run in parallel, mutations in order, and a subscription once for
   * each event: whoever holds its stream asks again. An event of somebody else's account is FORBIDDEN.
   */
  execute(request: SubgraphRequest): Promise<SubgraphResponse>
}

interface FieldResolver<Context> {
  // A method, since only a method's parameters may be narrower than declared: what parent and arguments are, the schema says
  // and the resolver's author writes down.
  resolve(parent: unknown, args: unknown, context: Context, info: GraphQLResolveInfo): unknown
}

/**
 * By type and field; a field without one is the property of that name. `__resolveReference` comes from `guardReference`,
 * `__resolveType(value, context)` names the object type of an interface's or union's value, at once and not by a promise.
 */
export type Resolvers<Context = GuardedContext> = Readonly<
  Record<
    string,
    | Readonly<Record<string, FieldResolver<Context>['resolve']>>
    | Readonly<Record<string, string | number>>
    | GraphQLScalarType
  >
>

/** What is known of a request besides who asks. */
export interface Asked {
  readonly requestId: string
  /** Where it came from, when whoever passed it on knew. */
  readonly client: Client | undefined
}

export interface SubgraphDefinition<Context extends object, Services extends object = object> {
  /** As in the supergraph; sealed principals are addressed to it. */
  readonly name: string
  /** The text of `schema.graphql`. */
  readonly typeDefs: string
  readonly resolvers: Resolvers<Context & GuardedContext>
  /** A rule for every field of every object type; federation's own fields need none. */
  readonly rules: Rules
  /**
   * What is the same for every operation. A context inherits it: copying dozens of services for each operation costs more than
   * running it.
   */
  readonly services?: Services
  /**
   * What resolvers and rules find in their context besides the services, `principal` and `requestId`. Called for each operation, so that
   * loaders made here batch within one operation and never answer another.
   */
  contextFor(principal: Principal, request: Asked): Omit<Context, keyof GuardedContext | keyof Services>
  readonly logger: Logger
  /** Needed where the schema says `@requiresAssurance`: how long ago a proof was is counted by it. */
  readonly clock?: Clock
}

/** What any executor of a subgraph runs: a schema that guards itself, and a context for each operation. */
export interface GuardedSchema {
  readonly schema: GraphQLSchema
  contextOf(request: SubgraphRequest): GuardedContext
}

/**
 * Throws at once, naming what is wrong: a field without a rule, a rule or a resolver for what the schema does not have, a
 * `__resolveReference` that no rule guards, `@requiresAssurance` without a clock, a subscription that is never null: a stream that
 * begins has no event yet.
 */
export function guardSchema<Context extends object, Services extends object = object>(
  definition: SubgraphDefinition<Context, Services>,
): GuardedSchema {
  const { typeDefs, resolvers, rules, services = Object.prototype, clock } = definition
  // The federation library's type says `any` where ours says what a resolver may be.
  const schema = buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: resolvers as Record<string, never> }])
  checkResolvers(schema, resolvers)
  checkRules(schema, rules)
  if (renamesAssurance(typeDefs, schema)) throw new Error(`@${assuranceDirective} must be imported under its own name`)
  enforce(schema, rules, clock)
  const entityAccess = readEntityAccess(schema)
  return {
    schema,
    contextOf({ principal, requestId, client, onBehalf }) {
      // An object of its own even if `contextFor` gave the same one twice: else two callers at once would be one principal.
      // Assigned and not spread: V8 takes a microsecond for a spread that other fields follow, a twentieth for this.
      const context: Context & GuardedContext = Object.assign(
        Object.create(services),
        definition.contextFor(principal, { requestId, client }),
        { principal, requestId, [withheld]: onBehalf && entityAccess.withheld(onBehalf) },
      )
      return context
    },
  }
}

/** Builds a subgraph. Throws at once, naming what is wrong, as `guardSchema` does. */
export function createSubgraph<Context extends object, Services extends object = object>(
  definition: SubgraphDefinition<Context, Services>,
): Subgraph {
  const { name, logger } = definition
  const { schema, contextOf } = guardSchema(definition)
  const find = createDocuments(schema)

  const run = (request: SubgraphRequest) => {
    const { query, operationName, variables, principal, event } = request
    if (event && actingUserId(principal) !== event.accountId)
      throw new Problem('FORBIDDEN', 'an event of somebody else')
    const operation = find(query, operationName)
    return operation(contextOf(request), variables, event)
  }

  const subgraph: Subgraph = {
    name,
    schema,
    // Without `async`: an operation that needs no promise of its own waits for one turn less.
    execute(request) {
      const masking = { requestId: request.requestId, logger }
      const failed = (thrown: unknown): SubgraphResponse => ({ errors: [maskThrown(thrown, masking)] })
      try {
        const result = run(request)
        if (!(result instanceof Promise)) return Promise.resolve(masked(result, masking))
        return result.then((settled) => masked(settled, masking)).catch(failed)
      } catch (thrown) {
        return Promise.resolve(failed(thrown))
      }
    },
  }
  return withHopLines(withTraces(subgraph), logger)
}

/** The data, and the errors as they may be told. */
export function masked(result: ExecutionResult, masking: MaskOptions): SubgraphResponse {
  const told = oneErrorPerNull(result)?.map((error) => maskError(error, masking))
  if (result.data === undefined) return { errors: told ?? [] }
  return told ? { data: result.data, errors: told } : { data: result.data }
}

function checkResolvers(schema: GraphQLSchema, resolvers: Resolvers<never>): void {
  for (const [name, { type }] of Object.entries(schema.getSubscriptionType()?.getFields() ?? {}))
    if (isNonNullType(type)) throw new Error(`Subscription.${name} must be nullable: a stream that begins has no event`)
  for (const [typeName, entries] of Object.entries(resolvers)) {
    const type = schema.getType(typeName)
    if (!type) throw new Error(`Resolvers for ${typeName}, which the schema does not have`)
    if (entries instanceof GraphQLScalarType) continue
    for (const [field, resolver] of Object.entries(entries)) {
      if (field === '__resolveReference' && !isGuardedReference(resolver))
        throw new Error(`${typeName}.__resolveReference is not guarded: make it with guardReference`)
      if (field === '__isTypeOf') throw new Error(`${typeName}.__isTypeOf is not supported: use __resolveType`)
      if (isObjectType(type) && !field.startsWith('__') && !type.getFields()[field])
        throw new Error(`A resolver for ${typeName}.${field}, which the schema does not have`)
    }
  }
}
