/** Which other subgraphs may have which fields fetched for their own ends: what an owner grants in its schema, field by field. */
import type { OnBehalf } from '@latchkey/principal/envelope'
import {
  type ConstDirectiveNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'

/** `email: String @fetchableBy(subgraphs: ["orders"])`, on a field or on a type with all of its fields. */
export const grantDirective = 'fetchableBy'

export interface EntityAccess {
  /** The coordinates of what is asked for others only and was not granted to all of them; `undefined`: nothing is. */
  withheld(onBehalf: OnBehalf): ReadonlySet<string> | undefined
}

interface Annotated {
  readonly directives?: readonly ConstDirectiveNode[] | undefined
}

/** The subgraphs that a place of a schema names. */
export const granteesOf = (node: Annotated | null | undefined): readonly string[] =>
  (node?.directives ?? [])
    .filter(({ name }) => name.value === grantDirective)
    .flatMap(({ arguments: given = [] }) => given.map(({ value }) => valueFromASTUntyped(value)))
    .flat()
    .map(String)

/** Reads a subgraph's own schema. What stands in a key of its own is for everybody: it publishes it as the name of the thing. */
export function readEntityAccess(schema: GraphQLSchema): EntityAccess {
  const published = publishedKeys(schema)
  const known = new WeakMap<OnBehalf, ReadonlySet<string>>()
  const isGranted = (type: GraphQLNamedType, field: string, subgraph: string): boolean =>
    published.has(`${type.name}.${field}`) || grantsOf(type, field).includes(subgraph)
  const find = (onBehalf: OnBehalf): ReadonlySet<string> => {
    const withheld = new Set<string>()
    for (const [subgraph, coordinates] of Object.entries(onBehalf))
      for (const [type, field] of coordinates.flatMap((coordinate) => placesOf(schema, coordinate)))
        if (!isGranted(type, field, subgraph)) withheld.add(`${type.name}.${field}`)
    return withheld
  }
  return {
    withheld(onBehalf) {
      const found = known.get(onBehalf) ?? find(onBehalf)
      known.set(onBehalf, found)
      return found.size > 0 ? found : undefined
    },
  }
}

/** The field on every object type that may stand at the coordinate. */
function placesOf(schema: GraphQLSchema, coordinate: string): (readonly [GraphQLNamedType, string])[] {
  const [typeName = '', field = ''] = coordinate.split('.')
  const type = schema.getType(typeName)
  if (!type) return []
  return (isAbstractType(type) ? schema.getPossibleTypes(type) : [type]).map((each) => [each, field] as const)
}

function grantsOf(type: GraphQLNamedType, field: string): readonly string[] {
  const interfaces = isObjectType(type) ? type.getInterfaces() : []
  return [type, ...interfaces].flatMap((each) => [
    ...[each.astNode, ...each.extensionASTNodes].flatMap(granteesOf),
    ...(isObjectType(each) || isInterfaceType(each) ? granteesOf(each.getFields()[field]?.astNode) : []),
  ])
}

function publishedKeys(schema: GraphQLSchema): ReadonlySet<string> {
  const published = new Set<string>()
  const publish = (type: GraphQLNamedType | undefined, { selections }: SelectionSetNode): void => {
    if (!isObjectType(type) && !isInterfaceType(type)) return
    for (const node of selections) {
      if (node.kind !== Kind.FIELD) continue
      const below = getNamedType(type.getFields()[node.name.value]?.type)
      for (const each of isAbstractType(type) ? schema.getPossibleTypes(type) : [type])
        published.add(`${each.name}.${node.name.value}`)
      if (node.selectionSet && isCompositeType(below)) publish(below, node.selectionSet)
    }
  }
  for (const type of Object.values(schema.getTypeMap())) for (const key of keysOn(type)) publish(type, fieldSet(key))
  return published
}

const keysOn = (type: GraphQLNamedType): readonly string[] =>
  [type.astNode, ...type.extensionASTNodes]
    .flatMap((node) => node?.directives ?? [])
    .filter(({ name }) => name.value.split('__').at(-1) === 'key')
    .flatMap(({ arguments: given = [] }) => given.filter(({ name }) => name.value === 'fields'))
    .map(({ value }) => String(valueFromASTUntyped(value)))

/** `id address { city }` */
export function fieldSet(fields: string): SelectionSetNode {
  const [definition] = parse(`{${fields}}`, { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${fields} is not a set of fields`)
  return definition.selectionSet
}
