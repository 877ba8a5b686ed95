/** Which coordinates of the schema an operation touches, found once per operation. */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { fragmentsOf } from './fragments.ts'

/** Needs a document that is valid: fields that exist, fragments without cycles. */
export type CoordinatesReader = (document: DocumentNode, operation: OperationDefinitionNode) => readonly string[]

/**
 * Each field as `Type.field` (asked on an interface or a union, also as the field of every type that may stand there), and each
 * argument that is given as `Type.field(argument:)`, in the order of the text and each once. Introspection is left out. What
 * `@skip` and `@include` say changes nothing: an operation touches what its text names.
 */
export function createCoordinatesReader(schema: GraphQLSchema): CoordinatesReader {
  return (document, operation) => {
    const found = new Set<string>()
    const fragments = fragmentsOf(document)
    const visited = new Set<string>()
    // Within an object a condition changes nothing: it is met, or what is inside is never asked.
    const enter = (parent: GraphQLCompositeType, condition: NamedTypeNode | undefined): GraphQLCompositeType => {
      const type = condition && schema.getType(condition.name.value)
      return isAbstractType(parent) && isCompositeType(type) ? type : parent
    }
    const walk = ({ selections }: SelectionSetNode, parent: GraphQLCompositeType): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) field(selection, parent)
        else if (selection.kind === Kind.INLINE_FRAGMENT)
          walk(selection.selectionSet, enter(parent, selection.typeCondition))
        else spread(selection.name.value, parent)
      }
    }
    const spread = (name: string, parent: GraphQLCompositeType): void => {
      const fragment = fragments.get(name)
      if (!fragment) return
      const inside = enter(parent, fragment.typeCondition)
      const place = `${name} ${inside.name}`
      if (visited.has(place)) return
      visited.add(place)
      walk(fragment.selectionSet, inside)
    }
    const field = (node: FieldNode, parent: GraphQLCompositeType): void => {
      const name = node.name.value
      if (name.startsWith('__')) return
      for (const type of standingAt(schema, parent)) {
        found.add(`${type}.${name}`)
        for (const argument of node.arguments ?? []) found.add(`${type}.${name}(${argument.name.value}:)`)
      }
      const type = 'getFields' in parent ? getNamedType(parent.getFields()[name]?.type) : undefined
      if (node.selectionSet && isCompositeType(type)) walk(node.selectionSet, type)
    }
    const root = schema.getRootType(operation.operation)
    if (root) walk(operation.selectionSet, root)
    return [...found]
  }
}

const standingAt = (schema: GraphQLSchema, type: GraphQLCompositeType): readonly string[] =>
  isAbstractType(type) ? [type.name, ...schema.getPossibleTypes(type).map(({ name }) => name)] : [type.name]
