/** What the guards of a subgraph say of a field, asked without running anything: for whoever checks access. */
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { type GraphQLSchema, isObjectType, parse } from 'graphql'
import { createGuards } from './enforce.ts'
import { type GuardedContext, type Rules, referenceRule, type Verdict } from './guard.ts'
import type { Resolvers } from './subgraph.ts'

/** What a subgraph's package says of itself as `graph`. */
export interface GuardedGraph {
  readonly resolvers: Resolvers<never>
  readonly rules: Rules
}

/** A field or a reference, of one object, asked by somebody. */
export interface AskedOf {
  readonly principal: Principal
  readonly parent: object
  readonly args?: object
  /** What a rule finds in the services of its context; nothing unless said. */
  readonly services?: 'know nothing' | 'know everything'
}

export interface AccessReader {
  readonly schema: GraphQLSchema
  /** The verdict of the field's guard. FORBIDDEN for a field without one, as when it is served. */
  judgeField(type: string, field: string, asked: AskedOf): Promise<Verdict>
  /** The verdict of the guard before `__resolveReference`; `true` where the subgraph has none. */
  judgeReference(type: string, asked: AskedOf): Promise<Verdict>
}

/**
 * The services of a context are not there. A rule that looks for something in one finds it nowhere, or wherever it looks; a rule
 * that goes on to call one fails with INTERNAL, as every rule that fails does.
 */
function contextOf({ principal, services = 'know nothing' }: AskedOf): GuardedContext {
  const known: Record<string | symbol, unknown> = { principal, requestId: 'access' }
  const service = { has: () => services === 'know everything' }
  return new Proxy(known, {
    get: (target, name) => (name in target || typeof name === 'symbol' ? target[name] : service),
  }) as unknown as GuardedContext // it has what every context has, and more
}

export function createAccessReader(sdl: string, { resolvers, rules }: GuardedGraph, clock: Clock): AccessReader {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl) }])
  const guardOf = createGuards(schema, rules, clock)
  const referenceOf = (type: string): unknown => {
    const entries = resolvers[type]
    return entries && '__resolveReference' in entries ? entries.__resolveReference : undefined
  }
  return {
    schema,
    async judgeField(typeName, fieldName, asked) {
      const type = schema.getType(typeName)
      const field = isObjectType(type) ? type.getFields()[fieldName] : undefined
      if (!isObjectType(type) || !field) throw new Error(`this subgraph has no field ${typeName}.${fieldName}`)
      const at = { coordinate: `${typeName}.${fieldName}`, type, field }
      return guardOf(at).judge(asked.parent, asked.args ?? {}, contextOf(asked))
    },
    async judgeReference(typeName, asked) {
      const guard = referenceRule(referenceOf(typeName))
      return guard ? guard.judge(asked.parent, {}, contextOf(asked)) : true
    },
  }
}
