/** Operations, prepared once and run many times: parsed and validated on first sight, compiled on the second. */
import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql'
import { createBoundedCache } from './bounded-cache.ts'
import { createCompiler, type Run } from './compile.ts'

const tokensMax = 20_000
const documentsKept = { entriesMax: 2_000, weightMax: 8_000_000 }

/** Finds how to run an operation; throws the GraphQLErrors that say why it cannot be run. */
export type FindOperation = (query: string, operationName: string | undefined) => Run

export function createDocuments(schema: GraphQLSchema): FindOperation {
  const compile = createCompiler(schema)
  const known = createBoundedCache<ReadonlyMap<string, Run>>(documentsKept)

  const prepare = (query: string): ReadonlyMap<string, Run> => {
    const document = parseAndValidate(schema, query)
    const operations = new Map<string, Run>()
    for (const node of document.definitions) {
      if (node.kind === Kind.OPERATION_DEFINITION) operations.set(node.name?.value ?? '', runner(document, node))
    }
    known.keep(query, operations, query.length)
    return operations
  }

  const runner = (document: DocumentNode, operation: OperationDefinitionNode): Run => {
    const isStream = operation.operation === OperationTypeNode.SUBSCRIPTION
    const interpret: Run = (contextValue, variableValues, event) => {
      // graphql-js takes the root fields of a subscription for those of one event, as they are here.
      const rootValue = isStream ? event : undefined
      return execute({
        schema,
        document,
        rootValue,
        contextValue,
        variableValues,
        operationName: operation.name?.value ?? null,
      })
    }
    let seen = 0
    let run = interpret
    return (context, variables, event) => {
      // Compiling costs as much as a hundred runs, so an operation that is never asked again must not be given it.
      if (seen < 2 && ++seen === 2) run = compile(document, operation) ?? interpret
      return run(context, variables, event)
    }
  }

  return (query, operationName) => chooseOperation(known.find(query) ?? prepare(query), operationName)
}

function chooseOperation(operations: ReadonlyMap<string, Run>, operationName: string | undefined): Run {
  const [only] = operations.size === 1 && operationName === undefined ? operations.values() : []
  const run = only ?? operations.get(operationName ?? '')
  if (run) return run
  const extensions = { code: 'OPERATION_RESOLUTION_FAILURE' }
  throw new GraphQLError(
    `The document has no single operation for the name ${JSON.stringify(operationName ?? null)}.`,
    {
      extensions,
    },
  )
}

function parseAndValidate(schema: GraphQLSchema, query: string): DocumentNode {
  const document = parseOperation(query)
  const [error] = validate(schema, document)
  if (error) throw withCode(error, 'GRAPHQL_VALIDATION_FAILED')
  return document
}

function parseOperation(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: tokensMax })
  } catch (thrown) {
    throw thrown instanceof GraphQLError ? withCode(thrown, 'GRAPHQL_PARSE_FAILED') : thrown
  }
}

const withCode = ({ message, nodes, source, positions }: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code },
  })
