/** The part of a schema that is within reach, as a schema of its own. */
import {
  buildASTSchema,
  type FieldDefinitionNode,
  type GraphQLSchema,
  Kind,
  type NamedTypeNode,
  type SchemaDefinitionNode,
  type TypeDefinitionNode,
} from 'graphql'
import type { Reach } from './reach.ts'

/** Of a schema that was built of its text. */
export function drawSchema(schema: GraphQLSchema, reach: Reach): GraphQLSchema {
  const isNamed = ({ name }: NamedTypeNode) => reach.has(name.value)
  const drawField = (type: string, field: FieldDefinitionNode): readonly FieldDefinitionNode[] => {
    const coordinate = `${type}.${field.name.value}`
    if (!reach.has(coordinate)) return []
    return [
      { ...field, arguments: field.arguments?.filter(({ name }) => reach.has(`${coordinate}(${name.value}:)`)) ?? [] },
    ]
  }
  const drawType = (node: TypeDefinitionNode): TypeDefinitionNode => {
    if (node.kind === Kind.UNION_TYPE_DEFINITION) return { ...node, types: node.types?.filter(isNamed) ?? [] }
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) return node
    const fields = node.fields?.flatMap((field) => drawField(node.name.value, field)) ?? []
    return { ...node, interfaces: node.interfaces?.filter(isNamed) ?? [], fields }
  }
  const drawRoots = (node: SchemaDefinitionNode): SchemaDefinitionNode => ({
    ...node,
    operationTypes: node.operationTypes.filter(({ type }) => isNamed(type)),
  })
  const types = Object.values(schema.getTypeMap()).flatMap(({ name, astNode }) =>
    reach.has(name) && astNode ? [drawType(astNode)] : [],
  )
  const directives = schema.getDirectives().flatMap(({ astNode }) => astNode ?? [])
  const roots = schema.astNode ? [drawRoots(schema.astNode)] : []
  return buildASTSchema(
    { kind: Kind.DOCUMENT, definitions: [...roots, ...directives, ...types] },
    { assumeValidSDL: true },
  )
}
