/** Compiles a selection set into its projection. What is below an object is compiled when one is first seen. */
import type { Problem } from '@latchkey/problem'
import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLOutputType,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Withheld } from '../withheld.ts'
import { type Collecting, collectFields } from './collect-fields.ts'
import { compileIntrospection, isIntrospection } from './introspect.ts'
import { compileLeaf } from './leaf.ts'
import {
  type Completion,
  completeList,
  type FieldProjection,
  type LocalField,
  type ObjectProjection,
  projectObject,
  type Select,
} from './project.ts'
import type { Projecting } from './projecting.ts'
import { isInherited, isTree, type Tree } from './tree.ts'
import type { WatchedTypes } from './watched.ts'

export interface ProjectionContext extends Collecting {
  readonly operation: OperationDefinitionNode
  readonly treeKey: (node: FieldNode) => string
  readonly watched: WatchedTypes
  readonly withheld: Withheld
}

/** `leadBy`: the field that leads to the object, as in `User.friend`; the root has none. */
export function compileSelection(
  sets: readonly SelectionSetNode[],
  type: GraphQLCompositeType,
  context: ProjectionContext,
  leadBy = '',
): ObjectProjection {
  const fields: (FieldProjection | LocalField)[] = []
  for (const [key, nodes] of collectFields(sets, type, context)) {
    const field = compileField(key, nodes, type, context)
    if (field) fields.push(field)
  }
  const { name } = type
  if (!context.watched[name]) return { fields }
  return { fields, tell: (values, { watch }) => watch?.({ type: name, field: leadBy, values }) }
}

function compileField(
  key: string,
  nodes: readonly FieldNode[],
  type: GraphQLCompositeType,
  context: ProjectionContext,
): FieldProjection | LocalField | undefined {
  const [node] = nodes
  if (!node) return undefined
  const name = node.name.value
  const hazardous = isInherited(key)
  if (name === '__typename') return typenameField(key, hazardous, type)
  if (isIntrospection(name)) return introspectionField(key, hazardous, nodes, context)
  const definition: GraphQLField<unknown, unknown> | undefined = isUnionType(type) ? undefined : type.getFields()[name]
  if (!definition) return undefined
  const coordinate = `${type.name}.${name}`
  const reason = context.withheld.reasonFor(coordinate)
  if (reason) return withheldField(key, hazardous, () => (isNonNullType(definition.type) ? undefined : null), reason)
  const source = context.treeKey(node)
  const select = compileBelow(nodes, definition.type, context, coordinate)
  const isWithheld = context.watched[type.name]?.withholds.includes(name)
  return {
    source,
    key,
    hazardous: hazardous || isInherited(source),
    nonNull: isNonNullType(definition.type),
    coordinate,
    complete: isWithheld ? nothingToRead : compileCompletion(definition.type, select, coordinate),
    below: select,
  }
}

const nothingToRead: Completion = () => ''

/** `nothing`: what stands for it, as the type says. */
const withheldField = (
  key: string,
  hazardous: boolean,
  nothing: () => null | undefined,
  reason: Problem,
): LocalField => ({
  key,
  hazardous,
  answer(at) {
    at.reportWithheld(reason)
    return nothing()
  },
})

function typenameField(key: string, hazardous: boolean, type: GraphQLCompositeType): LocalField {
  const answer = isObjectType(type)
    ? () => type.name
    : (at: Projecting) => (at.isExplained('around') ? undefined : at.reportShape('its type', `${type.name}.__typename`))
  return { key, hazardous, answer }
}

function introspectionField(
  key: string,
  hazardous: boolean,
  nodes: readonly FieldNode[],
  context: ProjectionContext,
): LocalField {
  const introspect = compileIntrospection(nodes, context)
  return { key, hazardous, answer: (at) => at.include(introspect(at.variables, at.view?.())) }
}

/** Which projection an object of this field gets. Compiled when first needed: an operation may name more than it meets. */
function compileBelow(
  nodes: readonly FieldNode[],
  type: GraphQLOutputType,
  context: ProjectionContext,
  coordinate: string,
): Select | undefined {
  const named = getNamedType(type)
  if (!isCompositeType(named)) return undefined
  const sets = nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []))
  const compiled = new Map<string, ObjectProjection>()
  const of = (each: GraphQLCompositeType): ObjectProjection => {
    const projection = compiled.get(each.name) ?? compileSelection(sets, each, context, coordinate)
    compiled.set(each.name, projection)
    return projection
  }
  if (isObjectType(named)) return () => of(named)
  const possible = new Map(context.schema.getPossibleTypes(named).map((each) => [each.name, each]))
  const untyped = (): ObjectProjection => {
    const known = of(named)
    const isMoreOf = (each: GraphQLCompositeType) => of(each).fields.length !== known.fields.length
    return [...possible.values()].some(isMoreOf) ? { ...known, lacksType: true } : known
  }
  /** What of an object is not there does not say what it is; one that was asked for this may be. */
  const withKey = (key: string): ObjectProjection | undefined =>
    [...possible.values()].map(of).find(({ fields }) => fields.some((one) => 'source' in one && one.source === key))
  return (value, key) => {
    const typeName = isTree(value) ? value.__typename : undefined
    if (typeof typeName === 'string') {
      const known = possible.get(typeName)
      if (known) return of(known)
      // Through @interfaceObject a subgraph may know an object by its interface only.
      if (typeName !== named.name || !isInterfaceType(named)) return undefined
      return key === undefined ? untyped() : (withKey(key) ?? untyped())
    }
    if (key === undefined) return isInterfaceType(named) ? of(named) : undefined
    return withKey(key)
  }
}

function compileCompletion(type: GraphQLOutputType, select: Select | undefined, coordinate: string): Completion {
  const nullable = isNonNullType(type) ? type.ofType : type
  if (isListType(nullable)) {
    const item: GraphQLOutputType = nullable.ofType
    return completeList(compileCompletion(item, select, coordinate), isNonNullType(item), coordinate)
  }
  if (isLeafType(nullable)) {
    const complete = compileLeaf(nullable)
    return (value, at) => complete(value) ?? at.reportShape(`a value of type ${nullable.name}`, coordinate)
  }
  return (value, at) => {
    const projection = isTree(value) ? select?.(value) : undefined
    if (!projection) return at.reportShape(`an object of type ${nullable}`, coordinate)
    if (projection.lacksType && at.isExplained('here')) return undefined
    return projectObject(projection, value as Tree, at) // an object, or it had no projection
  }
}
