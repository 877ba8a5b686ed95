/** `__schema` and `__type`, answered here: no subgraph knows the whole schema. */
import {
  type DocumentNode,
  type ExecutionResult,
  executeSync,
  type FieldNode,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  specifiedScalarTypes,
  type TypeNode,
  type VariableDefinitionNode,
} from 'graphql'
import type { Fragments } from './collect-fields.ts'

export interface IntrospectionAnswer {
  readonly value: unknown
  readonly errors: readonly GraphQLError[]
}

/** `view`: what is seen of the schema; all of it unless given. */
export type Introspection = (variables: Readonly<Record<string, unknown>>, view?: GraphQLSchema) => IntrospectionAnswer

export const isIntrospection = (fieldName: string): boolean => fieldName === '__schema' || fieldName === '__type'

/** One introspection field of an operation. Its answer can be megabytes and is not kept. */
export function compileIntrospection(
  nodes: readonly FieldNode[],
  { schema, operation, fragments }: { schema: GraphQLSchema; operation: OperationDefinitionNode; fragments: Fragments },
): Introspection {
  const selectionSet = { kind: Kind.SELECTION_SET, selections: nodes } as const
  // Introspection takes no others, and a view may not know their types.
  const variableDefinitions = operation.variableDefinitions?.filter(isOfBuiltInType) ?? []
  const question = {
    kind: Kind.OPERATION_DEFINITION,
    operation: operation.operation,
    variableDefinitions,
    selectionSet,
  }
  const document = { kind: Kind.DOCUMENT, definitions: [question, ...fragments.values()] } as DocumentNode // an AST by hand
  return (variableValues, view = schema) => {
    const result: ExecutionResult = executeSync({ schema: view, document, variableValues })
    const [value] = Object.values(result.data ?? {})
    return { value: value ?? null, errors: result.errors ?? [] }
  }
}

const builtIn = new Set(specifiedScalarTypes.map(({ name }) => name))

const isOfBuiltInType = ({ type }: VariableDefinitionNode): boolean => builtIn.has(namedTypeOf(type))

const namedTypeOf = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)
