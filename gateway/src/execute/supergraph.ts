/** What the supergraph says: the schema a client sees, the subgraphs, and how entities are told apart in each. */
import { publicSchemaOf } from '@latchkey/public-graph'
import { parsedSupergraph } from '@latchkey/subgraph/parsed-supergraph'
import {
  type ASTNode,
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  type OperationTypeNode,
  parse,
  type SelectionSetNode,
  type TypeDefinitionNode,
  type TypeNode,
  visit,
} from 'graphql'

export interface SubgraphAddress {
  readonly name: string
  /** As composed; empty when the subgraph has none. */
  readonly url: string
}

export interface Supergraph {
  readonly publicSchema: GraphQLSchema
  readonly subgraphs: readonly SubgraphAddress[]
  /** The object types that satisfy a type condition, the name itself included; hidden types count. */
  readonly possibleTypes: (typeName: string) => ReadonlySet<string>
  readonly isAbstract: (typeName: string) => boolean
  /** Whether `subgraph` knows the objects of this interface, and not what they are (`@interfaceObject`). */
  readonly isInterfaceObject: (typeName: string, subgraph: string) => boolean
  readonly isFieldName: (name: string) => boolean
  /** Whether a subgraph requires a field of that name: with arguments, without, or not at all. */
  readonly requiredAs: (name: string) => 'with arguments' | 'plain' | undefined
  /** Whether a field can answer with an object whose type a client must not see. */
  readonly hidesTypes: boolean
  /** The named type of a field, hidden ones included. */
  readonly fieldTypeOf: (typeName: string, field: string) => string | undefined
  readonly rootTypeOf: (operation: OperationTypeNode) => string
  /** The keys by which `subgraph` knows entities of this type. */
  readonly keysOf: (typeName: string, subgraph: string) => readonly SelectionSetNode[]
}

const accessSpecs = ['authenticated', 'requiresScopes', 'requiresAssurance', 'policy']

/** @throws Error when `sdl` is not a supergraph. */
export function readSupergraph(sdl: string): Supergraph {
  const document = parsedSupergraph(sdl)
  const graphs = readGraphs(document)
  const types = document.definitions.filter(isTypeDefinition)
  const possible = readPossibleTypes(types)
  const abstract = new Set(types.filter(({ kind }) => isAbstractKind(kind)).map(({ name }) => name.value))
  const fieldNames = new Set(types.flatMap(fieldNamesOf))
  const keys = readKeys(types, graphs)
  const interfaceObjects = readInterfaceObjects(types, graphs)
  const required = readRequired(types)
  const fieldTypes = new Map(types.flatMap(fieldTypesOf))
  const publicSchema = publicSchemaOf(document)
  return {
    publicSchema,
    subgraphs: [...graphs.values()],
    possibleTypes: (typeName) => possible.get(typeName) ?? new Set([typeName]),
    isAbstract: (typeName) => abstract.has(typeName),
    isInterfaceObject: (typeName, subgraph) => interfaceObjects.has(`${typeName} ${subgraph}`),
    isFieldName: (name) => fieldNames.has(name),
    requiredAs: (name) => required.get(name),
    hidesTypes: [...abstract].some((name) =>
      [...(possible.get(name) ?? [])].some((type) => !publicSchema.getType(type)),
    ),
    fieldTypeOf: (typeName, field) => fieldTypes.get(`${typeName}.${field}`),
    rootTypeOf: (operation) => publicSchema.getRootType(operation)?.name ?? '',
    keysOf: (typeName, subgraph) => keys.get(`${typeName} ${subgraph}`) ?? [],
  }
}

/** Those that a supergraph names, without the work of reading the rest of it. @throws Error when `sdl` is not a supergraph. */
export const readSubgraphs = (sdl: string): readonly SubgraphAddress[] => [
  ...readGraphs(parsedSupergraph(sdl)).values(),
]

/** The access directives (without `@`) that this supergraph links or applies; whoever serves it must enforce them. */
export function accessDirectives(sdl: string): readonly string[] {
  const found = new Set<string>()
  const document = parsedSupergraph(sdl)
  visit(document, {
    Directive(node) {
      const name = node.name.value === 'link' ? linkedSpec(node) : lastPart(node.name.value)
      if (name && accessSpecs.includes(name)) found.add(name)
    },
  })
  return [...found]
}

const linkedSpec = (link: DirectiveNode): string | undefined =>
  /\/\/(?:specs\.apollo|latchkey)\.dev\/(\w+)/.exec(stringArgument(link, 'url') ?? '')?.[1]

/** `federation__policy` is `policy` under its namespace. */
const lastPart = (name: string): string | undefined => name.split('__').at(-1)

function readGraphs(document: DocumentNode): ReadonlyMap<string, SubgraphAddress> {
  const graphs = new Map<string, SubgraphAddress>()
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') continue
    for (const value of definition.values ?? []) {
      const graph = value.directives?.find(({ name }) => name.value === 'join__graph')
      const name = (graph && stringArgument(graph, 'name')) ?? value.name.value
      graphs.set(value.name.value, { name, url: (graph && stringArgument(graph, 'url')) ?? '' })
    }
  }
  if (graphs.size === 0) throw new Error('This is not a supergraph: it names no subgraph (enum join__Graph).')
  return graphs
}

function readPossibleTypes(types: readonly TypeDefinitionNode[]): Map<string, Set<string>> {
  const possible = new Map(types.map(({ name }) => [name.value, new Set([name.value])]))
  for (const type of types) {
    if (type.kind === Kind.UNION_TYPE_DEFINITION)
      for (const member of type.types ?? []) possible.get(type.name.value)?.add(member.name.value)
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue
    for (const parent of type.interfaces ?? []) possible.get(parent.name.value)?.add(type.name.value)
  }
  return possible
}

function readKeys(types: readonly TypeDefinitionNode[], graphs: ReadonlyMap<string, SubgraphAddress>) {
  const keys = new Map<string, SelectionSetNode[]>()
  for (const type of types)
    for (const directive of type.directives ?? []) {
      if (directive.name.value !== 'join__type') continue
      const fields = stringArgument(directive, 'key')
      const subgraph = graphs.get(enumArgument(directive, 'graph') ?? '')
      if (fields === undefined || !subgraph) continue
      const place = `${type.name.value} ${subgraph.name}`
      keys.set(place, [...(keys.get(place) ?? []), parseFieldSet(fields)])
    }
  return keys
}

function readInterfaceObjects(types: readonly TypeDefinitionNode[], graphs: ReadonlyMap<string, SubgraphAddress>) {
  const found = new Set<string>()
  for (const { name, directives = [] } of types)
    for (const directive of directives) {
      const isOne = argument(directive, 'isInterfaceObject')
      const subgraph = graphs.get(enumArgument(directive, 'graph') ?? '')
      if (isOne?.kind === Kind.BOOLEAN && isOne.value && subgraph) found.add(`${name.value} ${subgraph.name}`)
    }
  return found
}

function readRequired(types: readonly TypeDefinitionNode[]) {
  const required = new Map<string, 'with arguments' | 'plain'>()
  const note = ({ name: { value }, arguments: given = [] }: FieldNode) => {
    if (given.length > 0) required.set(value, 'with arguments')
    else if (!required.has(value)) required.set(value, 'plain')
  }
  for (const type of types)
    visit(type, {
      Directive(directive) {
        const fields = directive.name.value === 'join__field' ? stringArgument(directive, 'requires') : undefined
        if (fields !== undefined) visit(parseFieldSet(fields), { Field: note })
      },
    })
  return required
}

function parseFieldSet(fields: string): SelectionSetNode {
  const [definition] = parse(`{${fields}}`, { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`Not a field set: ${fields}`)
  return definition.selectionSet
}

const isAbstractKind = (kind: string): boolean =>
  kind === Kind.INTERFACE_TYPE_DEFINITION || kind === Kind.UNION_TYPE_DEFINITION

const isTypeDefinition = (node: DefinitionNode): node is TypeDefinitionNode => node.kind.endsWith('TypeDefinition')

const fieldNamesOf = (type: TypeDefinitionNode): string[] =>
  type.kind === Kind.OBJECT_TYPE_DEFINITION || type.kind === Kind.INTERFACE_TYPE_DEFINITION
    ? (type.fields ?? []).map(({ name }) => name.value)
    : []

const fieldTypesOf = (type: TypeDefinitionNode): [string, string][] =>
  type.kind === Kind.OBJECT_TYPE_DEFINITION || type.kind === Kind.INTERFACE_TYPE_DEFINITION
    ? (type.fields ?? []).map((field) => [`${type.name.value}.${field.name.value}`, namedTypeOf(field.type)])
    : []

const namedTypeOf = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)

const argument = (directive: DirectiveNode, name: string): ASTNode | undefined =>
  directive.arguments?.find((candidate) => candidate.name.value === name)?.value

function stringArgument(directive: DirectiveNode, name: string): string | undefined {
  const value = argument(directive, name)
  return value?.kind === Kind.STRING ? value.value : undefined
}

function enumArgument(directive: DirectiveNode, name: string): string | undefined {
  const value = argument(directive, name)
  return value?.kind === Kind.ENUM ? value.value : undefined
}
