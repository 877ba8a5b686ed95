/** Everything about an operation that does not depend on a request, done once. */
import type { QueryPlan } from '@graphql-hive/router-query-planner'
import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  print,
  visit,
} from 'graphql'
import { type Conditions, conditionVariables, type Fragments, fragmentsOf } from './collect-fields.ts'
import { compileSelection } from './compile-projection.ts'
import type { PlanContext } from './fetch.ts'
import { compilePlan } from './plan.ts'
import { plannerDocument } from './planner-document.ts'
import type { ObjectProjection } from './project.ts'
import type { Step } from './run.ts'
import { treeKey } from './tree.ts'

type Values = Readonly<Record<string, unknown>>
export type CoercedVariables = { readonly coerced: Values } | { readonly errors: readonly GraphQLError[] }

/** An operation that only has to be run. Made by an engine, for that engine. */
export interface PreparedOperation {
  readonly type: 'query' | 'mutation'
  readonly name: string | undefined
  readonly coerceVariables: (variables: Values) => CoercedVariables
  /** What these variables make of the operation. @throws GraphQLError when that cannot be planned. */
  readonly variantFor: (variables: Values) => Variant
}

/** The operation with every @skip and @include decided. */
export interface Variant {
  /** Asks the subgraphs; `undefined` when none needs to be asked. */
  readonly fetch: Step | undefined
  readonly projection: ObjectProjection
}

export interface PrepareContext extends PlanContext {
  readonly plan: (query: string, operationName: string | undefined) => QueryPlan
}

// A client that varies n conditions can ask for 2^n variants of one operation; only so many are kept.
const variantsMax = 32

/** @throws GraphQLError when the operation is not there, asks for what is not supported, or cannot be planned. */
export function prepare(
  document: DocumentNode,
  operationName: string | undefined,
  context: PrepareContext,
): PreparedOperation {
  const operation = findOperation(document, operationName)
  refuseUnsupported(document, operation)
  const { publicSchema: schema } = context.supergraph
  const names = conditionVariables(document)
  const compile = compileVariant(operation, fragmentsOf(document), context)
  const variantFor = names.length === 0 ? always(compile(() => false)) : eachVariant(names, compile)
  return {
    type: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
    name: operation.name?.value,
    coerceVariables: compileVariables(operation, schema),
    variantFor,
  }
}

const always =
  <T>(value: T) =>
  (): T =>
    value

/** A variant for each combination of the variables that conditions name, made when it is first asked for. */
function eachVariant(names: readonly string[], compile: (conditions: Conditions) => Variant) {
  const variants = new Map<string, Variant>()
  return (variables: Values): Variant => {
    const combination = names.map((name) => (variables[name] === true ? '1' : '0')).join('')
    const known = variants.get(combination)
    if (known) return known
    const variant = compile((name) => combination[names.indexOf(name)] === '1')
    if (variants.size === variantsMax) variants.clear()
    variants.set(combination, variant)
    return variant
  }
}

function compileVariant(operation: OperationDefinitionNode, fragments: Fragments, context: PrepareContext) {
  const { publicSchema: schema, isFieldName, hidesTypes } = context.supergraph
  const rootType = schema.getRootType(operation.operation)
  if (!rootType) throw new GraphQLError(`There is no ${operation.operation} in this schema.`)
  const keyOf = (node: FieldNode) => treeKey(node, isFieldName)
  return (conditions: Conditions): Variant => {
    const selection = { schema, fragments, conditions, operation, treeKey: keyOf }
    const asked = plannerDocument({ ...selection, typesMatter: hidesTypes })
    const node = asked && context.plan(print(asked), operation.name?.value).node
    return {
      fetch: node && compilePlan(node, context),
      projection: compileSelection([operation.selectionSet], rootType, selection),
    }
  }
}

function findOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const found = name === undefined ? operations[0] : operations.find((operation) => operation.name?.value === name)
  if (!found) {
    throw new GraphQLError(name === undefined ? 'Must provide an operation.' : `Unknown operation named "${name}".`)
  }
  if (name === undefined && operations.length > 1)
    throw new GraphQLError('Must provide operation name if query contains multiple operations.')
  return found
}

function refuseUnsupported(document: DocumentNode, operation: OperationDefinitionNode): void {
  if (operation.operation === OperationTypeNode.SUBSCRIPTION)
    throw new GraphQLError('Subscriptions are not supported.', { nodes: operation })
  visit(document, {
    Directive(node) {
      if (node.name.value === 'defer' || node.name.value === 'stream')
        throw new GraphQLError(`@${node.name.value} is not supported.`, { nodes: node })
    },
  })
}

const noVariables: CoercedVariables = { coerced: Object.freeze({}) }

function compileVariables(operation: OperationDefinitionNode, schema: GraphQLSchema) {
  const { variableDefinitions = [] } = operation
  if (variableDefinitions.length === 0) return () => noVariables
  return (variables: Values): CoercedVariables => {
    const result = getVariableValues(schema, variableDefinitions, variables, { maxErrors: 50 })
    return result.errors ? { errors: result.errors } : { coerced: result.coerced }
  }
}
