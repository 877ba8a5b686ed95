/** The schema of each subgraph of a drawn graph. */
import {
  anyIn,
  type EntityModel,
  type FieldModel,
  type GraphModel,
  hasStranger,
  isIdentifiedBy,
  knows,
  nodesIn,
  outpost,
  type RootField,
  stranger,
} from './graph-model.fixture.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@requires",
  "@provides", "@external", "@shareable", "@interfaceObject", "@override", "@inaccessible", "@tag"])`

export const printSubgraphs = (graph: GraphModel): Readonly<Record<string, string>> =>
  Object.fromEntries(graph.subgraphs.map((name) => [name, printSubgraph(name, graph)]))

function printSubgraph(subgraph: string, graph: GraphModel): string {
  const own = graph.entities.filter((entity) => knows(entity, subgraph))
  const nodes = nodesIn(subgraph, graph.entities, hasStranger(graph))
  const any = anyIn(subgraph, graph.entities)
  const parts = [
    link,
    printRoot('Query', graph.queries, subgraph),
    printRoot('Mutation', graph.mutations, subgraph),
    printViewer(graph, subgraph),
    printNode(subgraph, nodes, graph),
    any.length > 0 ? `union Any = ${any.map(({ name }) => name).join(' | ')}` : '',
    ...own.map((entity) => printEntity(entity, subgraph, nodes.includes(entity))),
  ]
  return [...parts.filter(Boolean), subgraph === stranger ? '' : shared(subgraph)].join('\n')
}

const shared = (subgraph: string): string => `scalar Json enum Mood { CALM WILD }
input Filter { text: String mood: Mood = CALM at: [Int!] only${subgraph.toUpperCase()}: Int }
type Part @shareable { amount: Int! place: String tags: [String!] mood: Mood! }
type Ref @shareable { code: ID! zone: Int }`

const shareable = (owners: readonly string[]): string => (owners.length > 1 ? ' @shareable' : '')

function printRoot(name: string, fields: readonly RootField[], subgraph: string): string {
  const own = fields.filter(({ owners }) => owners.includes(subgraph))
  if (own.length === 0) return ''
  return `type ${name} { ${own.map((one) => `${one.name}${one.takes}: ${one.type}${shareable(one.owners)}`).join(' ')} }`
}

function printViewer({ queries, viewer }: GraphModel, subgraph: string): string {
  const owners = queries.find(({ name }) => name === 'viewer')?.owners ?? []
  if (!owners.includes(subgraph)) return ''
  const own = viewer.filter((field) => field.owners.includes(subgraph))
  return `type Viewer { label: String${shareable(owners)} ${own.map(({ name, type }) => `${name}: ${type}`).join(' ')} }`
}

function printNode(subgraph: string, nodes: readonly EntityModel[], graph: GraphModel): string {
  if (subgraph === stranger) {
    const fields = graph.ofEveryNode.map(({ name, type }) => `${name}: ${type}`)
    return `type Node @key(fields: "id") @interfaceObject { id: ID! ${fields.join(' ')} }`
  }
  if (nodes.length === 0) return ''
  const isTitled = nodes.every(({ fields }) => fields.find(({ name }) => name === 'title')?.owners.includes(subgraph))
  const key = hasStranger(graph) ? '@key(fields: "id")' : ''
  return `interface Node ${key} { id: ID! ${isTitled ? 'title: String' : ''} }`
}

function printEntity(entity: EntityModel, subgraph: string, isNode: boolean): string {
  const { name, keys, fields, external } = entity
  const own = keys[subgraph] ?? []
  const shown = [
    isIdentifiedBy(entity, subgraph) ? 'id: ID!' : '',
    own.some((key) => key.includes('sku')) ? 'sku: String!' : '',
    own.some((key) => key.includes('ref')) ? 'ref: Ref!' : '',
    ...fields.flatMap((field) => printField(field, subgraph)),
    ...(external[subgraph] ?? []).map((field) => `${field.name}${field.takes}: ${field.type} @external`),
    subgraph === 'a' ? 'hidden: Int @inaccessible @tag(name: "inner")' : '',
  ]
  const directives = own.map((key) => `@key(fields: "${key}")`).join(' ')
  return `type ${name} ${isNode ? 'implements Node ' : ''}${directives} {\n  ${shown.filter(Boolean).join('\n  ')}\n}`
}

function printField(field: FieldModel, subgraph: string): readonly string[] {
  const { name, takes, type, owners, override, requires, provides } = field
  const head = `${name}${takes}: ${type}`
  if (override?.from === subgraph) return [head]
  if (!owners.includes(subgraph) || (subgraph === outpost && requires)) return []
  const label = override?.label === undefined ? '' : `, label: "${override.label}"`
  return [
    [
      `${head}${shareable(owners)}`,
      override ? `@override(from: "${override.from}"${label})` : '',
      requires ? `@requires(fields: ${JSON.stringify(requires)})` : '',
      provides ? `@provides(fields: "${provides}")` : '',
    ].join(' '),
  ]
}
