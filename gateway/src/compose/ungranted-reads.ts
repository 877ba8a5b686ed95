/** What a subgraph has fetched from others for its own ends, by `@requires` or by a key, and what of it nobody granted. */
import { fieldSet, grantDirective, granteesOf } from '@latchkey/subgraph/entity-access'
import {
  type ASTNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  type SelectionSetNode,
  type TypeNode,
  valueFromASTUntyped,
} from 'graphql'

/** A subgraph as it was written. */
export interface WrittenSubgraph {
  readonly name: string
  readonly file: string
  /** With locations. */
  readonly typeDefs: DocumentNode
}

/** Such as `orders/schema.graphql:7:3: orders reads User.email (@requires), and users does not grant it. …` */
export function ungrantedReads(supergraphSdl: string, subgraphs: readonly WrittenSubgraph[]): readonly string[] {
  const graph = readGraph(supergraphSdl)
  const written = new Map(subgraphs.map((subgraph) => [subgraph.name, subgraph]))
  const lines = readsIn(graph).flatMap((read) =>
    ownersOf(read, graph)
      .filter((owner) => !isGranted(read, owner, graph, written.get(owner)))
      .map((owner) => lineOf(read, owner, written)),
  )
  return [...new Set(lines)]
}

type Coordinate = readonly [type: string, field: string]

interface Read {
  readonly subgraph: string
  readonly by: 'requires' | 'key'
  /** What it reads. */
  readonly coordinate: Coordinate
  /** Where it says so: a type, or a field of it. */
  readonly at: readonly [type: string, field?: string]
}

interface Field {
  readonly type: string
  /** Who can answer it. */
  readonly owners: ReadonlySet<string>
  readonly requires: readonly { readonly subgraph: string; readonly fields: string }[]
}

interface Type {
  readonly keys: readonly { readonly subgraph: string; readonly fields: string }[]
  readonly fields: ReadonlyMap<string, Field>
}

type Graph = ReadonlyMap<string, Type>

function readGraph(sdl: string): Graph {
  const { definitions } = parse(sdl, { noLocation: true })
  const names = new Map<unknown, string>()
  for (const node of definitions)
    if (node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph')
      for (const value of node.values ?? [])
        for (const { name } of argumentsOf(value.directives, 'join__graph')) names.set(value.name.value, String(name))
  const nameOf = (graph: unknown): string => names.get(graph) ?? ''
  const types = new Map<string, Type>()
  for (const node of definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue
    const joined = argumentsOf(node.directives, 'join__type')
    const everyone = new Set(joined.map(({ graph }) => nameOf(graph)))
    const keys = joined
      .filter(({ key, resolvable }) => key !== undefined && resolvable !== false)
      .map(({ graph, key }) => ({ subgraph: nameOf(graph), fields: String(key) }))
    const fields = (node.fields ?? []).map((field) => [field.name.value, readField(field, everyone, nameOf)] as const)
    types.set(node.name.value, { keys, fields: new Map(fields) })
  }
  return types
}

function readField(
  { type, directives }: FieldDefinitionNode,
  everyone: ReadonlySet<string>,
  nameOf: (graph: unknown) => string,
): Field {
  const joined = argumentsOf(directives, 'join__field').filter(({ graph }) => graph !== undefined)
  const own = joined.filter(({ external }) => external !== true).map(({ graph }) => nameOf(graph))
  return {
    type: namedTypeOf(type),
    owners: joined.length > 0 ? new Set(own) : everyone,
    requires: joined
      .filter(({ requires }) => requires !== undefined)
      .map(({ graph, requires }) => ({ subgraph: nameOf(graph), fields: String(requires) })),
  }
}

function readsIn(graph: Graph): readonly Read[] {
  const reads: Read[] = []
  for (const [typeName, { keys, fields }] of graph) {
    for (const { subgraph, fields: key } of keys)
      for (const coordinate of coordinatesIn(fieldSet(key), typeName, graph))
        reads.push({ subgraph, by: 'key', coordinate, at: [typeName] })
    for (const [name, { requires }] of fields)
      for (const { subgraph, fields: required } of requires)
        for (const coordinate of coordinatesIn(fieldSet(required), typeName, graph))
          reads.push({ subgraph, by: 'requires', coordinate, at: [typeName, name] })
  }
  return reads
}

function coordinatesIn({ selections }: SelectionSetNode, type: string, graph: Graph): readonly Coordinate[] {
  return selections.flatMap((node): readonly Coordinate[] => {
    if (node.kind === Kind.INLINE_FRAGMENT)
      return coordinatesIn(node.selectionSet, node.typeCondition?.name.value ?? type, graph)
    if (node.kind !== Kind.FIELD || node.name.value.startsWith('__')) return []
    const below = graph.get(type)?.fields.get(node.name.value)?.type ?? ''
    return [[type, node.name.value], ...(node.selectionSet ? coordinatesIn(node.selectionSet, below, graph) : [])]
  })
}

/**
 * Those whose word counts. What a subgraph requires and can answer itself is fetched from nobody; what it calls a key it can always
 * answer, and has fetched from others all the same.
 */
function ownersOf({ subgraph, by, coordinate: [type, field] }: Read, graph: Graph): readonly string[] {
  const owners = graph.get(type)?.fields.get(field)?.owners ?? new Set()
  return by === 'requires' && owners.has(subgraph) ? [] : [...owners].filter((owner) => owner !== subgraph)
}

/** By a key of the owner's own, which publishes it, or by its word. */
function isGranted({ subgraph, coordinate }: Read, owner: string, graph: Graph, written: WrittenSubgraph | undefined) {
  const [type, field] = coordinate
  const isPublished = [...graph].some(([name, { keys }]) =>
    keys.some(
      (key) =>
        key.subgraph === owner &&
        coordinatesIn(fieldSet(key.fields), name, graph).some(([t, f]) => t === type && f === field),
    ),
  )
  return isPublished || (written !== undefined && grantsIn(written.typeDefs, coordinate).includes(subgraph))
}

const grantsIn = (document: DocumentNode, [type, field]: Coordinate): readonly string[] =>
  typesNamed(document, type).flatMap((node) => [
    ...granteesOf(node),
    ...(node.fields ?? []).filter(({ name }) => name.value === field).flatMap(granteesOf),
  ])

const typesNamed = ({ definitions }: DocumentNode, type: string) =>
  definitions.flatMap((node) =>
    (node.kind === Kind.OBJECT_TYPE_DEFINITION ||
      node.kind === Kind.OBJECT_TYPE_EXTENSION ||
      node.kind === Kind.INTERFACE_TYPE_DEFINITION ||
      node.kind === Kind.INTERFACE_TYPE_EXTENSION) &&
    node.name.value === type
      ? [node]
      : [],
  )

function lineOf(read: Read, owner: string, written: ReadonlyMap<string, WrittenSubgraph>): string {
  const { subgraph, by, coordinate, at } = read
  const name = coordinate.join('.')
  const said = place(written.get(subgraph), at, by)
  const ask = `${place(written.get(owner), coordinate)}, where its owners can grant it: @${grantDirective}(subgraphs: ["${subgraph}"])`
  return `${said}: ${subgraph} reads ${name} (@${by}), and ${owner} does not grant it. See ${ask}`
}

/** File, line and column of a field or a type; of a directive on it, where one is named. */
function place(subgraph: WrittenSubgraph | undefined, [type, field]: readonly [string, string?], directive?: string) {
  if (!subgraph) return 'supergraph'
  const types = typesNamed(subgraph.typeDefs, type)
  const nodes =
    field === undefined ? types : types.flatMap(({ fields = [] }) => fields.filter((f) => f.name.value === field))
  const uses = nodes.flatMap(({ directives = [] }) => directives.filter((use) => lastPart(use) === directive))
  const [found]: readonly ASTNode[] = [...uses, ...nodes, ...types]
  const start = found?.loc?.startToken
  return start ? `${subgraph.file}:${start.line}:${start.column}` : subgraph.file
}

const lastPart = ({ name }: ConstDirectiveNode): string | undefined => name.value.split('__').at(-1)

const argumentsOf = (
  directives: readonly ConstDirectiveNode[] = [],
  name: string,
): readonly Record<string, unknown>[] =>
  directives
    .filter((directive) => directive.name.value === name)
    .map(({ arguments: given = [] }) =>
      Object.fromEntries(given.map((each) => [each.name.value, valueFromASTUntyped(each.value)])),
    )

const namedTypeOf = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)
