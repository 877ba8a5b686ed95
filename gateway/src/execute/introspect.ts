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
} from 'graphql'
import type { Fragments } from './collect-fields.ts'

export interface IntrospectionAnswer {
  readonly value: unknown
  readonly errors: readonly GraphQLError[]
}

export type Introspection = (variables: Readonly<Record<string, unknown>>) => IntrospectionAnswer

export const isIntrospection = (fieldName: string): boolean => fieldName === '__schema' || fieldName === '__type'

/** One introspection field of an operation. Its answer can be megabytes and is not kept. */
export function compileIntrospection(
  nodes: readonly FieldNode[],
  { schema, operation, fragments }: { schema: GraphQLSchema; operation: OperationDefinitionNode; fragments: Fragments },
): Introspection {
  const selectionSet = { kind: Kind.SELECTION_SET, selections: nodes } as const
  const { variableDefinitions = [] } = operation
  const question = {
    kind: Kind.OPERATION_DEFINITION,
    operation: operation.operation,
    variableDefinitions,
    selectionSet,
  }
  const document = { kind: Kind.DOCUMENT, definitions: [question, ...fragments.values()] } as DocumentNode // an AST by hand
  return (variableValues) => {
    const result: ExecutionResult = executeSync({ schema, document, variableValues })
    const [value] = Object.values(result.data ?? {})
    return { value: value ?? null, errors: result.errors ?? [] }
  }
}
