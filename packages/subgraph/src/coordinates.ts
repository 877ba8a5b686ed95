/** Which coordinates of the schema an operation touches, found once per operation. */
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql'
import { fragmentsOf } from './fragments.ts'

/** What an operation touches of the schema. What `@skip` and `@include` say changes nothing: it touches what its text names. */
export interface Footprint {
  /**
   * Each field as `Type.field` (asked on an interface or a union, also as the field of every type that may stand there), and each
   * argument that is given as `Type.field(argument:)`, in the order of the text and each once. Introspection is left out.
   */
  readonly coordinates: readonly string[]
  /** `Query.__schema` and `Query.__type`, where it asks for them. */
  readonly introspection: readonly string[]
  /** Every place where it asks for a field that takes arguments, whether or not it gives one. */
  readonly uses: readonly FieldUse[]
  /** The variables that it declares. */
  readonly variables: readonly VariableDefinitionNode[]
}

/** A field that takes arguments, where an operation asks for it. */
export interface FieldUse {
  /** `Type.field`, for every type that may stand there. */
  readonly coordinates: readonly string[]
  readonly field: GraphQLField<unknown, unknown>
  readonly given: readonly ArgumentNode[]
}

/** Needs a document that is valid: fields that exist, fragments without cycles. */
export type FootprintReader = (document: DocumentNode, operation: OperationDefinitionNode) => Footprint

export function createFootprintReader(schema: GraphQLSchema): FootprintReader {
  return (document, operation) => {
    const found = new Set<string>()
    const introspection = new Set<string>()
    const uses: FieldUse[] = []
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
      if (name === '__schema' || name === '__type') introspection.add(`${parent.name}.${name}`)
      if (name.startsWith('__')) return
      const coordinates = standingAt(schema, parent).map((type) => `${type}.${name}`)
      const given = node.arguments ?? []
      for (const coordinate of coordinates) {
        found.add(coordinate)
        for (const argument of given) found.add(`${coordinate}(${argument.name.value}:)`)
      }
      const asked = 'getFields' in parent ? parent.getFields()[name] : undefined
      if (asked && asked.args.length > 0) uses.push({ coordinates, field: asked, given })
      const type = getNamedType(asked?.type)
      if (node.selectionSet && isCompositeType(type)) walk(node.selectionSet, type)
    }
    const root = schema.getRootType(operation.operation)
    if (root) walk(operation.selectionSet, root)
    const { variableDefinitions: variables = [] } = operation
    return { coordinates: [...found], introspection: [...introspection], uses, variables }
  }
}

const standingAt = (schema: GraphQLSchema, type: GraphQLCompositeType): readonly string[] =>
  isAbstractType(type) ? [type.name, ...schema.getPossibleTypes(type).map(({ name }) => name)] : [type.name]
