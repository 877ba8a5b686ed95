/** Compiles an operation to JavaScript, where that is safe. The only home of graphql-jit. */
import {
  type ASTNode,
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isValueNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { compileQuery, isCompiledQuery } from 'graphql-jit'
import { fieldsOf, type GuardedContext } from './guard.ts'
import type { StreamEvent } from './transport.ts'

export type Variables = Readonly<Record<string, unknown>>
/** `event`: of a subscription, what its root field resolves from. */
export type Run = (
  context: GuardedContext,
  variables: Variables,
  event?: StreamEvent,
) => ExecutionResult | Promise<ExecutionResult>

/** The most fields a compiled operation may have, fragments and possible types written out. */
const fieldsMax = 1_000

/** Compiles operations of one schema; `null` for one that graphql-js had better run. */
export function createCompiler(schema: GraphQLSchema) {
  if (!hasDistinctResolverNames(schema)) return () => null
  return (document: DocumentNode, operation: OperationDefinitionNode): Run | null => {
    if (!isSafe(schema, document, operation)) return null
    const compiled = compileQuery(schema, document, operation.name?.value, {
      useExperimentalPathBasedSkipInclude: true,
    })
    return isCompiledQuery(compiled) ? (context, variables) => compiled.query(undefined, context, variables) : null
  }
}

// graphql-jit knows a resolver by type and field name written together: `Key.sid` and `Keys.id` would be one, and so would their rules.
function hasDistinctResolverNames(schema: GraphQLSchema): boolean {
  const names = fieldsOf(schema).map(({ coordinate }) => coordinate.replace('.', ''))
  return new Set(names).size === names.length
}

// Mutations stay with graphql-js: in graphql-jit a bad argument of a second mutation leaves the answer waiting for ever.
const isSafe = (schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): boolean =>
  operation.operation === OperationTypeNode.QUERY &&
  !asksForWhatHasADefault(operation) &&
  isWritable(schema, document) &&
  fieldsWrittenOut(schema, document, operation) <= fieldsMax

// `$first: Int! = 20` may be left out (GraphQL 6.1.2); graphql-jit asks for it all the same.
const asksForWhatHasADefault = ({ variableDefinitions }: OperationDefinitionNode): boolean =>
  (variableDefinitions ?? []).some(
    ({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && defaultValue !== undefined,
  )

/**
 * graphql-jit writes literals into code, and a text that begins with its own mark (`__MAGIC_DATE__…`) as code of the caller's choice.
 * So a document with such a text is not compiled, nor one with a literal that a custom scalar may turn into anything, nor one that
 * names `__proto__`.
 */
function isWritable(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema)
  let writable = true
  const enter = (node: ASTNode) => {
    if (node.kind === Kind.STRING && node.value.includes('__MAGIC_')) writable = false
    if (node.kind === Kind.NAME && node.value === '__proto__') writable = false
    if (isValueNode(node) && node.kind !== Kind.VARIABLE && isCustomScalar(types.getInputType())) writable = false
  }
  visit(document, visitWithTypeInfo(types, { enter }))
  return writable
}

const isCustomScalar = (type: GraphQLType | null | undefined): boolean => {
  const named = getNamedType(type)
  return isScalarType(named) && !isSpecifiedScalarType(named)
}

/** How many fields the code would have; counting stops soon after the limit. */
function fieldsWrittenOut(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  let counted = 0
  const walk = ({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): void => {
    for (const node of selections) {
      if (counted > fieldsMax) return
      if (node.kind === Kind.FIELD) {
        counted += 1
        const fieldType = fieldTypeOf(type, node.name.value)
        if (!node.selectionSet) continue
        for (const possible of writtenOut(schema, fieldType)) walk(node.selectionSet, possible)
      } else {
        const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value)
        if (fragment) walk(fragment.selectionSet, narrowed(schema, type, fragment.typeCondition?.name.value))
      }
    }
  }
  walk(operation.selectionSet, schema.getQueryType() ?? undefined)
  return counted
}

const fieldTypeOf = (type: GraphQLNamedType | undefined, name: string): GraphQLNamedType | undefined =>
  isObjectType(type) || isInterfaceType(type) ? getNamedType(type.getFields()[name]?.type) : undefined

const writtenOut = (schema: GraphQLSchema, type: GraphQLNamedType | undefined) =>
  isAbstractType(type) ? schema.getPossibleTypes(type) : [type]

/** An object type stays what it is inside a fragment on an interface of it. */
const narrowed = (schema: GraphQLSchema, type: GraphQLNamedType | undefined, condition: string | undefined) => {
  const named = condition === undefined ? undefined : schema.getType(condition)
  return isCompositeType(named) && !isObjectType(type) ? named : type
}
