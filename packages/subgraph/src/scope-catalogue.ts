/**
 * The scopes a graph declares. A subgraph names its scopes in its own schema, composition keeps them, and whoever needs
 * the catalogue reads it from the supergraph:
 *
 *     extend schema
 *       @link(url: "https://latchkey.dev/scope/v1.0", import: ["@scope"])
 *       @composeDirective(name: "@scope")
 *     directive @scope(name: String!, description: String!, roles: [String!]! = []) repeatable on OBJECT
 *     type Order @scope(name: "orders:read", description: "See your orders.", roles: ["user"]) { … }
 */
import { type ConstDirectiveNode, Kind, valueFromASTUntyped } from 'graphql'
import { parsedSupergraph } from './parsed-supergraph.ts'

/** One thing that may be permitted. */
export interface DeclaredScope {
  readonly name: string
  readonly description: string
  /** The roles that hold it from the start. */
  readonly roles: readonly string[]
}

const scopeName = /^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)+$/

const argumentsOf = (directive: ConstDirectiveNode): Record<string, unknown> =>
  Object.fromEntries((directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]))

function readScope(directive: ConstDirectiveNode): DeclaredScope {
  const { name, description, roles = [] } = argumentsOf(directive)
  if (typeof name !== 'string' || !scopeName.test(name))
    throw new Error(`@scope(name: ${JSON.stringify(name)}) is not of the form "orders:read"`)
  return { name, description: String(description ?? ''), roles: [roles].flat().map(String) }
}

/**
 * Every scope the supergraph declares, in the order of its text. Throws when one is declared twice with different
 * words: two teams would mean different things by it.
 */
export function declaredScopes(supergraphSdl: string): readonly DeclaredScope[] {
  const found = new Map<string, DeclaredScope>()
  for (const definition of parsedSupergraph(supergraphSdl).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'scope') continue
      const scope = readScope(directive)
      const known = found.get(scope.name)
      if (known && JSON.stringify(known) !== JSON.stringify(scope))
        throw new Error(`the scope ${scope.name} is declared twice`)
      found.set(scope.name, scope)
    }
  }
  return [...found.values()]
}
