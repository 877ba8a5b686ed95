/** What an operation asks of the objects at one place of a plan. */
import type { FlattenNodePathSegment } from '@graphql-hive/router-query-planner'
import { type DocumentNode, type GraphQLCompositeType, type GraphQLSchema, isCompositeType, Kind } from 'graphql'
import { collectFields, fragmentsOf } from './collect-fields.ts'
import { objectTypesBelow, objectTypesOf } from './object-types.ts'
import type { Supergraph } from './supergraph.ts'

export interface AskedAt {
  /** The objects that may be there. */
  readonly types: readonly string[]
  /** The keys under which a type is asked for anything there; of an interface, what every object is asked. */
  keysOf(typeName: string): readonly string[]
}

/** `document`: as the planner got it. `undefined`: the operation asks nothing there, and the plan does so for itself. */
export function askedAt(
  path: readonly FlattenNodePathSegment[],
  document: DocumentNode,
  { publicSchema: schema, possibleTypes }: Pick<Supergraph, 'publicSchema' | 'possibleTypes'>,
): AskedAt | undefined {
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)
  if (!operation) return undefined
  const collecting = { schema, fragments: fragmentsOf(document), conditions: () => true }
  let sets = [operation.selectionSet]
  let types = objectTypesOf(schema.getRootType(operation.operation), schema)
  for (const segment of path) {
    if (segment === '@') continue
    if ('TypeCondition' in segment) {
      types = types.filter(({ name }) => segment.TypeCondition.some((wanted) => possibleTypes(wanted).has(name)))
      continue
    }
    const led = types.map((type) => ({ type, nodes: collectFields(sets, type, collecting).get(segment.Field) ?? [] }))
    const nodes = new Set(led.flatMap((one) => one.nodes))
    sets = [...nodes].flatMap(({ selectionSet }) => selectionSet ?? [])
    types = [
      ...new Set(
        led.flatMap(({ type, nodes: [first] }) => (first ? objectTypesBelow([type], first.name.value, schema) : [])),
      ),
    ]
    if (sets.length === 0) return undefined
  }
  return {
    types: types.map(({ name }) => name),
    keysOf(typeName) {
      const type = compositeType(typeName, schema)
      return type ? [...collectFields(sets, type, collecting).keys()] : []
    },
  }
}

function compositeType(name: string, schema: GraphQLSchema): GraphQLCompositeType | undefined {
  const type = schema.getType(name)
  return isCompositeType(type) ? type : undefined
}
