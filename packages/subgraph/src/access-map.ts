/** Where the supergraph says @authenticated, @requiresScopes, @policy and @requiresAssurance, whatever it calls them. */

import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  Kind,
  type NamedTypeNode,
  type TypeDefinitionNode,
  type TypeNode,
  visit,
} from 'graphql'
import { type Assurance, readAssurance } from './assurance.ts'
import { readAccessDirectives } from './linked-directives.ts'
import { parsedSupergraph } from './parsed-supergraph.ts'

/**
 * One thing that is asked of the caller: to be signed in, and to hold all the scopes of one of the sets, or to have proved it; or,
 * signed in or not, what all the policies of one of the sets say.
 */
export interface AccessRule {
  /** `null`: none. */
  readonly scopeSets: readonly (readonly string[])[] | null
  /** `null`: none. */
  readonly policySets: readonly (readonly string[])[] | null
  /** `null`: being signed in is enough. */
  readonly assurance: Assurance | null
}

export interface TypeAccess {
  readonly rules: readonly AccessRule[]
  /** The object types that may stand where it is named; itself, for an object type. */
  readonly possible: ReadonlySet<string>
  readonly fields: ReadonlyMap<string, FieldAccess>
}

export interface FieldAccess {
  readonly rules: readonly AccessRule[]
  /** The named type of the field. */
  readonly type: string
}

export interface AccessMap {
  readonly roots: { readonly query: string; readonly mutation: string; readonly subscription: string }
  readonly types: ReadonlyMap<string, TypeAccess>
}

interface Annotated {
  readonly directives?: readonly ConstDirectiveNode[] | undefined
}

/**
 * Reads what is to be enforced.
 * @throws Error when the supergraph carries a directive for security that this gateway does not enforce.
 */
export function readAccessMap(supergraphSdl: string): AccessMap {
  const document = parsedSupergraph(supergraphSdl)
  const names = readAccessDirectives(document)
  const rulesOf = ({ directives = [] }: Annotated): AccessRule[] =>
    directives.flatMap((directive): AccessRule[] => {
      const { value: name } = directive.name
      if (names.requiresScopes.has(name)) return [{ ...signedIn, scopeSets: readSets(directive, 'scopes') }]
      if (names.policy.has(name)) return [{ ...signedIn, policySets: readSets(directive, 'policies') }]
      if (names.requiresAssurance.has(name)) return [{ ...signedIn, assurance: readAssurance(directive) }]
      return names.authenticated.has(name) ? [{ ...signedIn }] : []
    })
  return { roots: readRoots(document), types: readTypes(document, rulesOf) }
}

const signedIn: AccessRule = { scopeSets: null, policySets: null, assurance: null }

interface Draft extends TypeAccess {
  readonly rules: AccessRule[]
  /** The interfaces it implements. */
  readonly interfaces: readonly string[]
  readonly possible: Set<string>
  readonly fields: Map<string, { readonly rules: AccessRule[]; readonly type: string }>
}

function readTypes(
  document: DocumentNode,
  rulesOf: (node: Annotated) => AccessRule[],
): ReadonlyMap<string, TypeAccess> {
  const types = new Map<string, Draft>()
  for (const node of document.definitions)
    if ('name' in node && node.name && node.kind.endsWith('TypeDefinition'))
      types.set(node.name.value, draftOf(node as TypeDefinitionNode, rulesOf)) // the kind says so
  for (const [name, { interfaces, possible }] of types)
    if (possible.has(name)) for (const parent of interfaces) types.get(parent)?.possible.add(name)
  handDown(types)
  return types
}

function draftOf(node: TypeDefinitionNode, rulesOf: (node: Annotated) => AccessRule[]): Draft {
  const fields: Draft['fields'] = new Map()
  const possible = new Set<string>()
  if (node.kind === Kind.OBJECT_TYPE_DEFINITION) possible.add(node.name.value)
  if (node.kind === Kind.UNION_TYPE_DEFINITION) for (const name of namesOf(node.types)) possible.add(name)
  if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION)
    for (const field of node.fields ?? [])
      fields.set(field.name.value, { rules: rulesOf(field), type: namedTypeOf(field.type) })
  const interfaces = 'interfaces' in node ? namesOf(node.interfaces) : []
  return { rules: rulesOf(node), interfaces, possible, fields }
}

/**
 * Composition writes on an interface what its types carry, so that is no rule for each of them. Where no type carries any, the
 * rule was meant for the interface itself (older compositions allow it), and holds however a type behind it is reached.
 * Of assurance composition knows nothing: what an interface says of it, it says itself.
 */
function handDown(types: ReadonlyMap<string, Draft>): void {
  const ofAssurance = ({ assurance }: AccessRule) => assurance !== null
  const own = (rules: readonly AccessRule[], below: readonly (readonly AccessRule[])[]) =>
    below.some((each) => !each.every(ofAssurance)) ? rules.filter(ofAssurance) : rules
  const inherited: { readonly to: AccessRule[]; readonly rules: readonly AccessRule[] }[] = []
  for (const [name, type] of types) {
    if (type.possible.has(name) || type.fields.size === 0) continue
    const below = [...type.possible].flatMap((each) => types.get(each) ?? [])
    const rules = own(
      type.rules,
      below.map((each) => each.rules),
    )
    for (const { rules: to } of below) inherited.push({ to, rules })
    for (const [field, { rules: ofField }] of type.fields) {
      const fieldsBelow = below.flatMap((each) => each.fields.get(field)?.rules ?? [])
      for (const each of below)
        inherited.push({ to: each.fields.get(field)?.rules ?? [], rules: own(ofField, [fieldsBelow]) })
    }
  }
  for (const { to, rules } of inherited) to.push(...rules)
}

function readRoots(document: DocumentNode): AccessMap['roots'] {
  const roots = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }
  visit(document, {
    OperationTypeDefinition(node) {
      roots[node.operation] = node.type.name.value
    },
  })
  return roots
}

const namesOf = (nodes: readonly NamedTypeNode[] = []): string[] => nodes.map(({ name }) => name.value)

const namedTypeOf = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)

/** `scopes: [["a", "b"], ["c"]]`: a and b, or c. */
function readSets(directive: ConstDirectiveNode, argument: 'scopes' | 'policies'): string[][] {
  const sets = directive.arguments?.find(({ name }) => name.value === argument)?.value
  return listOf(sets).map((set) => listOf(set).map((value) => textOf(value, directive, argument)))
}

// GraphQL takes a lone value where a list is wanted.
const listOf = (value: ConstValueNode | undefined): readonly ConstValueNode[] =>
  value?.kind === Kind.LIST ? value.values : value ? [value] : []

function textOf(value: ConstValueNode, { name }: ConstDirectiveNode, argument: string): string {
  if (value.kind === Kind.STRING) return value.value
  throw new Error(`The supergraph holds a @${name.value} whose ${argument} are not texts.`)
}
