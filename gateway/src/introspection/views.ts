/** Who sees how much of the schema: what they may ask, and what it takes to ask it. */
import { hash } from 'node:crypto'
import { isSignedIn, mayChange, type Principal, scopesOf } from '@latchkey/principal'
import type { AccessList } from '@latchkey/principal/access-list'
import { Problem } from '@latchkey/problem'
import type { AccessMap, TypeAccess } from '@latchkey/subgraph/access-map'
import { type AccessRequirement, createFieldRequirements, judgeAccess } from '@latchkey/subgraph/access-requirements'
import { canProve } from '@latchkey/subgraph/assurance'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import { type GraphQLSchema, isAbstractType } from 'graphql'
import type { KeyAccess } from '../authorize/key-access.ts'
import type { Caller } from '../pipeline.ts'
import { drawSchema } from './draw.ts'
import type { IntrospectionMode } from './mode.ts'
import { type MayAsk, reachOf } from './reach.ts'

/** Draws the schema as somebody sees it. Throws FORBIDDEN for whoever may ask no query: without one there is no schema. */
export type View = () => GraphQLSchema

/** Throws UNAUTHENTICATED for whoever may not look. `undefined`: they see all of it. */
export type ViewFor = (caller: Caller) => View | undefined

interface ViewTerms {
  readonly schema: GraphQLSchema
  readonly accessMap: AccessMap
  readonly keyAccess: Pick<KeyAccess, 'allows'>
  readonly mode: IntrospectionMode
}

/** In coordinates: some twenty times all that there is in a graph of two thousand. */
const bounds = { entriesMax: 200, weightMax: 50_000 }

/**
 * A view depends on the scopes that the graph names, on whether changes may be made and proofs given, and on the access list of a key,
 * and is kept under these alone. A proof that is too weak or too old hides nothing from whoever can give another; nor does a policy,
 * since what it says may depend on the time and the place.
 */
export function createViews({ schema, accessMap, keyAccess, mode }: ViewTerms): ViewFor {
  const requirementOf = createFieldRequirements(accessMap)
  const named = scopesIn(accessMap)
  const kept = createBoundedCache<GraphQLSchema>(bounds)

  const mayAskAs = ({ principal, key }: Caller): MayAsk => {
    const list = key?.confinement?.access
    const closed = mayChange(principal) ? undefined : accessMap.roots.mutation
    return (type, field, argument) => {
      if (list && !keyAccess.allows(list, touchedBy(schema, type, field, argument))) return false
      return argument !== undefined || (type !== closed && mayComeTo(requirementOf(type, field), principal))
    }
  }
  const keyOf = ({ principal, key }: Caller): string => {
    const held = scopesOf(principal).filter((scope) => named.has(scope))
    const list = signOf(key?.confinement?.access)
    return JSON.stringify([[...new Set(held)].sort(), mayChange(principal), canProve(principal), list])
  }
  const draw = (caller: Caller): GraphQLSchema => {
    const name = keyOf(caller)
    const known = kept.find(name)
    if (known) return known
    const reach = reachOf(schema, mayAskAs(caller))
    const { query } = accessMap.roots
    if (!reach.has(query)) throw new Problem('FORBIDDEN', 'there is no query that they may ask')
    const view = drawSchema(schema, reach)
    kept.keep(name, view, reach.size)
    return view
  }

  return (caller) => {
    if (mode === 'open') return undefined
    requireSignedIn(caller.principal)
    return () => draw(caller)
  }
}

const mayComeTo = (requirement: AccessRequirement, principal: Principal): boolean =>
  judgeAccess(requirement, principal) === 'permitted' && (requirement.assurance === null || canProve(principal))

function requireSignedIn(principal: Principal): void {
  if (!isSignedIn(principal)) throw new Problem('UNAUTHENTICATED', 'the schema is not shown to everybody')
}

/** What a key must be allowed to ask it, as the footprint of an operation has it. */
function touchedBy(schema: GraphQLSchema, name: string, field: string, argument?: string): readonly string[] {
  const type = schema.getType(name)
  const standing = isAbstractType(type) ? [name, ...schema.getPossibleTypes(type).map((each) => each.name)] : [name]
  return standing.map((each) => (argument === undefined ? `${each}.${field}` : `${each}.${field}(${argument}:)`))
}

/** What its lists came to; how they were written does not matter. */
const signOf = (list: AccessList | undefined): string | null =>
  list ? hash('sha256', JSON.stringify([list.accepted ?? null, list.denied]), 'base64url') : null

function scopesIn({ types }: AccessMap): ReadonlySet<string> {
  const rulesOf = ({ rules, fields }: TypeAccess) => [...rules, ...[...fields.values()].flatMap((field) => field.rules)]
  return new Set([...types.values()].flatMap(rulesOf).flatMap(({ scopeSets }) => (scopeSets ?? []).flat()))
}
