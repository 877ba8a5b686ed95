/** What a plan asks of one subgraph only because another one needs it (`@requires`, keys), and not the client. */
import type { FetchNode, PlanNode, RequiresSelection } from '@graphql-hive/router-query-planner'
import type { OnBehalf } from '@latchkey/principal/envelope'
import { type FieldNode, Kind, parse, type SelectionSetNode } from 'graphql'
import type { Supergraph } from './supergraph.ts'

type Asking = Pick<FetchNode, 'serviceName' | 'operation'>

interface Fetch extends Asking {
  /** What the representations that are sent are made of. */
  readonly requires: readonly RequiresSelection[]
}

/** `undefined`: the client asked for all of it, or it is what the subgraph itself names things by. */
export type OnBehalfOf = (fetch: Asking) => OnBehalf | undefined

const noOne: OnBehalfOf = () => undefined

/** `asked`: the coordinates that the client asks for; found only where a subgraph is told anything of another. */
export function readOnBehalf(plan: PlanNode, asked: () => ReadonlySet<string>, supergraph: Supergraph): OnBehalfOf {
  const fetches = fetchesIn(plan)
  if (fetches.every(({ requires }) => requires.length === 0)) return noOne
  const needed = neededBy(fetches, asked(), supergraph)
  if (needed.size === 0) return noOne
  const found = new Map<string, OnBehalf>()
  for (const fetch of fetches) {
    const onBehalf = onBehalfIn(fetch, needed, supergraph)
    if (onBehalf) found.set(placeOf(fetch), onBehalf)
  }
  return (fetch) => found.get(placeOf(fetch))
}

const placeOf = ({ serviceName, operation }: Asking): string => `${serviceName}\n${operation}`

function fetchesIn(node: PlanNode): readonly Fetch[] {
  switch (node.kind) {
    case 'Fetch':
      return [{ ...node, requires: node.requires ?? [] }]
    case 'BatchFetch':
      return [{ ...node, requires: node.entityBatch.aliases.flatMap(({ requires }) => requires) }]
    case 'Flatten':
      return fetchesIn(node.node)
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesIn)
    default:
      return []
  }
}

/** Who needs what: by coordinate, what the client did not ask for. */
function neededBy(fetches: readonly Fetch[], asked: ReadonlySet<string>, supergraph: Supergraph) {
  const needed = new Map<string, Set<string>>()
  const walk = (selections: readonly RequiresSelection[], type: string, subgraph: string): void => {
    for (const node of selections) {
      if (node.kind === 'InlineFragment') walk(node.selections, node.typeCondition, subgraph)
      if (node.kind !== 'Field' || node.name.startsWith('__')) continue
      for (const coordinate of standingAt(type, node.name, supergraph)) {
        if (asked.has(coordinate)) continue
        needed.set(coordinate, (needed.get(coordinate) ?? new Set()).add(subgraph))
      }
      const below = supergraph.fieldTypeOf(type, node.name)
      if (node.selections && below !== undefined) walk(node.selections, below, subgraph)
    }
  }
  for (const { requires, serviceName } of fetches) walk(requires, '', serviceName)
  return needed
}

function onBehalfIn(
  fetch: Fetch,
  needed: ReadonlyMap<string, ReadonlySet<string>>,
  supergraph: Supergraph,
): OnBehalf | undefined {
  const found: Record<string, string[]> = {}
  for (const coordinate of coordinatesOf(fetch.operation, supergraph)) {
    if (isKey(coordinate, fetch.serviceName, supergraph)) continue
    for (const subgraph of needed.get(coordinate) ?? [])
      if (subgraph !== fetch.serviceName) found[subgraph] = [...(found[subgraph] ?? []), coordinate]
  }
  return Object.keys(found).length > 0 ? found : undefined
}

/** What a subgraph names its things by is published by it. Below a key's own fields nothing is looked at: they are keys of nobody. */
const isKey = (coordinate: string, subgraph: string, supergraph: Supergraph): boolean => {
  const [type = '', field] = coordinate.split('.')
  return supergraph
    .keysOf(type, subgraph)
    .some(({ selections }) => selections.some((node) => node.kind === Kind.FIELD && node.name.value === field))
}

/** On every object type that may stand there. */
const standingAt = (type: string, field: string, { possibleTypes, isAbstract }: Supergraph): readonly string[] =>
  [...possibleTypes(type)].filter((name) => !isAbstract(name)).map((name) => `${name}.${field}`)

function coordinatesOf(operation: string, supergraph: Supergraph): ReadonlySet<string> {
  const found = new Set<string>()
  const field = (node: FieldNode, type: string): void => {
    for (const coordinate of standingAt(type, node.name.value, supergraph)) found.add(coordinate)
    if (node.selectionSet) walk(node.selectionSet, supergraph.fieldTypeOf(type, node.name.value) ?? '')
  }
  const walk = ({ selections }: SelectionSetNode, type: string): void => {
    for (const node of selections) {
      if (node.kind === Kind.FIELD) field(node, type)
      else if (node.kind === Kind.INLINE_FRAGMENT) walk(node.selectionSet, node.typeCondition?.name.value ?? type)
    }
  }
  for (const definition of parse(operation, { noLocation: true }).definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION)
      walk(definition.selectionSet, supergraph.rootTypeOf(definition.operation))
    else if (definition.kind === Kind.FRAGMENT_DEFINITION)
      walk(definition.selectionSet, definition.typeCondition.name.value)
  return found
}
