/** What an operation costs, planned: found once per operation, and for each request only as far as variables decide. */
import { fragmentsOf } from '@latchkey/subgraph/fragments'
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { createArgumentCosts } from './argument-costs.ts'
import type { CostMap, ListSize } from './cost-map.ts'
import { evaluate, type Formula, largestOf, productOf, sumOf, type Values } from './formula.ts'
import { sizeOf, slicingFault } from './list-sizes.ts'

/** What is reckoned where the schema says nothing. */
export const usualCosts = {
  /** An object, of an interface or a union too. Scalars and enums cost nothing. */
  object: 1,
  /** A field of the mutation type, besides what it answers with. */
  change: 10,
  /** `__schema` and `__type`, whatever is below. */
  introspection: 100,
  /** Things in a list. */
  listSize: 10,
} as const

export interface PlannedCost {
  readonly formula: Formula
  /** How the operation goes against what the schema asks, so that its cost cannot be known; `null`: it does not. */
  readonly fault: string | null
  /** How often it asks for each field, by coordinate; as often as the fragments around it are spread. */
  readonly asked: ReadonlyMap<string, number>
}

/** Needs a document that is valid: fields that exist, fragments without cycles; and one that is measured, for it is written out. */
export type CostReader = (document: DocumentNode, operation: OperationDefinitionNode) => PlannedCost

/** Of variables as they were sent. Pure, and takes microseconds. */
export const plannedCost = ({ formula }: PlannedCost, variables: Values): number => evaluate(formula, variables)

/** The lists right below a field that are of a size it knows. */
interface Sized {
  readonly names: readonly string[]
  readonly size: Formula
}

/**
 * A field costs its weight and what is below it, as often as its list is long, and its arguments once. Fields that are asked twice
 * are counted twice, and so is what a condition may leave out: the cost follows from the text and the sizes. Of the types that may
 * stand behind an interface or a union the dearest counts.
 */
export function createCostReader(schema: GraphQLSchema, map: CostMap): CostReader {
  const weightOfField = createWeights(schema, map)
  const costOfArguments = createArgumentCosts(map)
  return (document, operation) => {
    const fragments = fragmentsOf(document)
    const variables = operation.variableDefinitions ?? []
    let fault: string | null = null
    const asked = new Map<string, number>()

    const ofSet = ({ selections }: SelectionSetNode, parent: GraphQLCompositeType, sized: Sized | null): Formula => {
      const always: Formula[] = []
      const oneOf = new Map<string, Formula[]>()
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          always.push(ofField(selection, parent, sized))
          continue
        }
        const node = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
        if (!node) continue
        const inside = enter(parent, node.typeCondition)
        const cost = ofSet(node.selectionSet, inside, sized)
        if (parent === inside || !isObjectType(inside)) always.push(cost)
        else oneOf.set(inside.name, [...(oneOf.get(inside.name) ?? []), cost])
      }
      return sumOf([...always, largestOf([...oneOf.values()].map(sumOf))])
    }

    const enter = (parent: GraphQLCompositeType, condition: NamedTypeNode | undefined): GraphQLCompositeType => {
      const type = condition && schema.getType(condition.name.value)
      return isAbstractType(parent) && isCompositeType(type) ? type : parent
    }

    const ofField = (node: FieldNode, parent: GraphQLCompositeType, sized: Sized | null): Formula => {
      const name = node.name.value
      const field = isUnionType(parent) ? undefined : parent.getFields()[name]
      if (!field) return name === '__typename' ? 0 : usualCosts.introspection
      const coordinates = coordinatesOf(schema, parent, name)
      for (const coordinate of coordinates) asked.set(coordinate, (asked.get(coordinate) ?? 0) + 1)
      const said = coordinates.flatMap((coordinate) => map.sizes.get(coordinate) ?? [])
      for (const size of said) fault ??= slicingFault({ node, field, size })
      const sizes = said.map((size) => ({ size, reckoned: slice(node, field, size) }))
      const below = node.selectionSet && ofSet(node.selectionSet, compositeOf(field), sizedBelow(sizes))
      const once = sumOf([weightOfField(parent, field), below ?? 0])
      const own = sizes.filter(({ size }) => size.sizedFields.length === 0).map(({ reckoned }) => reckoned)
      if (sized?.names.includes(name)) own.push(sized.size)
      const each = productOf(howOften(field.type, own), once)
      return sumOf([each, costOfArguments({ node, field, coordinates, variables })])
    }

    const slice = (node: FieldNode, field: GraphQLField<unknown, unknown>, size: ListSize): Formula =>
      sizeOf({ node, field, size, variables, usualSize: usualCosts.listSize })

    const root = schema.getRootType(operation.operation)
    const formula = root ? ofSet(operation.selectionSet, root, null) : 0
    return { formula, fault, asked }
  }
}

function sizedBelow(sizes: readonly { readonly size: ListSize; readonly reckoned: Formula }[]): Sized | null {
  const sizing = sizes.filter(({ size }) => size.sizedFields.length > 0)
  if (sizing.length === 0) return null
  return {
    names: sizing.flatMap(({ size }) => size.sizedFields),
    size: largestOf(sizing.map(({ reckoned }) => reckoned)),
  }
}

/** Of a list of lists the sizes are of the outer one. */
function howOften(type: GraphQLOutputType, sizes: readonly Formula[]): Formula {
  if (isNonNullType(type)) return howOften(type.ofType, sizes)
  if (!isListType(type)) return 1
  return productOf(sizes.length > 0 ? largestOf(sizes) : usualCosts.listSize, howOften(type.ofType, []))
}

// A field with a selection answers with something that has fields: validation has seen to it.
const compositeOf = ({ type }: GraphQLField<unknown, unknown>) => getNamedType(type) as GraphQLCompositeType

/** The coordinates of a field, on the type it is asked on and on every type that may stand there. */
function coordinatesOf(schema: GraphQLSchema, parent: GraphQLCompositeType, field: string): readonly string[] {
  const below = isAbstractType(parent) ? schema.getPossibleTypes(parent) : []
  return [parent, ...below].map(({ name }) => `${name}.${field}`)
}

/** A field's own weight, else that of what it answers with; the largest, where several types may stand there. */
function createWeights(schema: GraphQLSchema, { weights }: CostMap) {
  const ofType = (type: GraphQLOutputType): number => {
    const named = getNamedType(type)
    const own = weights.get(named.name) ?? (isCompositeType(named) ? usualCosts.object : 0)
    if (!isAbstractType(named)) return own
    return Math.max(own, ...schema.getPossibleTypes(named).map(ofType))
  }
  return (parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>): number => {
    const own = coordinatesOf(schema, parent, field.name).flatMap((coordinate) => weights.get(coordinate) ?? [])
    if (own.length > 0) return Math.max(...own)
    return ofType(field.type) + (parent === schema.getMutationType() ? usualCosts.change : 0)
  }
}
