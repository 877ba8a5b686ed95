/** Every operation is prepared once and kept: parsed, measured, validated, its access requirement read, its plan compiled. */
import type { UsedOperation } from '@latchkey/principal/key-usage'
import { Problem } from '@latchkey/problem'
import type { AccessRequirement, RequirementReader } from '@latchkey/subgraph/access-requirements'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { Footprint, FootprintReader } from '@latchkey/subgraph/coordinates'
import { judgeSize } from '@latchkey/subgraph/operation-size'
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type OperationTypeNode,
  parse,
  validate,
} from 'graphql'
import type { OperationLimits } from './authorize/operation-limits.ts'
import { judgeTimes } from './authorize/times-asked.ts'
import type { CostReader, PlannedCost } from './cost/planned-cost.ts'
import { weightOf } from './document-weight.ts'
import type { IntrospectionMode } from './introspection/mode.ts'
import { asProtocolError, protocolError, withoutValues } from './protocol-error.ts'
import { createUsedOperation } from './usage/used-operation.ts'
import { type SchemaDetails, validationRules } from './validation-rules.ts'

export interface KnownOperation<Plan> extends Footprint {
  readonly plan: Plan
  readonly kind: `${OperationTypeNode}`
  /** As the document calls it. */
  readonly name: string | undefined
  readonly requirement: AccessRequirement
  readonly cost: PlannedCost
  /** What it is called where uses of keys are counted. */
  readonly inUsage: () => UsedOperation
}

/** An operation as it is asked for, and what is known of it. */
export interface AskedOperation<Plan> {
  readonly query: string
  readonly operationName: string | undefined
  readonly known: KnownOperation<Plan>
}

/** The operations of one document that were asked for, by name. */
type KnownDocument<Plan> = Map<string | undefined, KnownOperation<Plan>>

export interface OperationsDependencies<Plan> {
  readonly schema: GraphQLSchema
  /** Throws a GraphQLError for what is not supported. It should not plan: whether the caller may ask is not judged yet. */
  readonly compile: (document: DocumentNode, operationName?: string) => Plan
  readonly readRequirement: RequirementReader
  readonly readFootprint: FootprintReader
  readonly readCost: CostReader
  readonly limits: OperationLimits
  readonly schemaDetails: SchemaDetails
  /** `off`: whatever asks for the schema is not valid; `open` unless said. */
  readonly introspection?: IntrospectionMode
  /** How many are kept. */
  readonly entriesMax?: number
}

export interface Operations<Plan> {
  /** What is prepared already. */
  find(query: string, operationName: string | undefined): KnownOperation<Plan> | undefined
  /**
   * What is prepared already, or is prepared now.
   * Throws OPERATION_TOO_COSTLY, GRAPHQL_PARSE_FAILED, OPERATION_RESOLUTION_FAILURE, or an AggregateError of
   * GRAPHQL_VALIDATION_FAILED. What was refused is not kept.
   */
  prepare(query: string, operationName: string | undefined): KnownOperation<Plan>
  /** Those of the documents that were asked for most often, most often first; not many more than `count`. */
  mostAsked(count: number): readonly AskedOperation<Plan>[]
}

/** Of parsed documents, which prepared operations hold. What they are compiled to is weighed where that is kept. */
const bytesMax = 128 * 1024 * 1024
const validationErrorsMax = 10

export function createOperations<Plan>(dependencies: OperationsDependencies<Plan>): Operations<Plan> {
  const {
    schema,
    compile,
    readRequirement,
    readFootprint,
    readCost,
    limits,
    schemaDetails,
    introspection = 'open',
    entriesMax = 1_000,
  } = dependencies
  const kept = createBoundedCache<KnownDocument<Plan>>({ entriesMax, weightMax: bytesMax })
  const rules = validationRules(schemaDetails, introspection)

  function prepareAnew(document: DocumentNode, operationName: string | undefined): KnownOperation<Plan> {
    const excess = judgeSize(document, limits)
    if (excess) throw tooCostly(excess)
    const operation = chooseOperation(document, operationName)
    const errors = validate(schema, document, rules, { maxErrors: validationErrorsMax })
    if (errors.length > 0)
      throw new AggregateError(errors.map((error) => asProtocolError('GRAPHQL_VALIDATION_FAILED', error)))
    const requirement = readRequirement(document, operation)
    const footprint = readFootprint(document, operation)
    const inUsage = createUsedOperation(document, operation, footprint.coordinates)
    const cost = readCost(document, operation)
    const tooOften = judgeTimes(cost.asked, limits.timesPerOperation)
    if (tooOften) throw tooCostly(tooOften)
    const [kind, name] = [operation.operation, operation.name?.value] as const
    return { plan: planOf(document, operation), kind, name, requirement, cost, inUsage, ...footprint }
  }

  function planOf(document: DocumentNode, operation: OperationDefinitionNode): Plan {
    try {
      return compile(document, operation.name?.value)
    } catch (thrown) {
      throw thrown instanceof GraphQLError ? asProtocolError('GRAPHQL_VALIDATION_FAILED', thrown) : thrown
    }
  }

  const find = (query: string, operationName: string | undefined) => kept.find(query)?.get(operationName)
  return {
    find,
    prepare(query, operationName) {
      const known = find(query, operationName)
      if (known) return known
      const document = parseWithin(query, limits)
      const prepared = prepareAnew(document, operationName)
      // A document holds few operations: the limit on its tokens bounds them. Each holds the document as parsed for it.
      const siblings = kept.find(query) ?? new Map()
      siblings.set(operationName, prepared)
      kept.keep(query, siblings, weightOf(document) * siblings.size)
      return prepared
    },
    mostAsked: (count) =>
      kept
        .mostFound(count)
        .flatMap(([query, named]) => [...named].map(([operationName, known]) => ({ query, operationName, known }))),
  }
}

const tooCostly = (excess: string): Problem =>
  new Problem('OPERATION_TOO_COSTLY', excess, { message: `This operation is larger than allowed: ${excess}.` })

function parseWithin(query: string, { charactersMax, tokensMax }: OperationLimits): DocumentNode {
  if (query.length > charactersMax) throw tooCostly(`more than ${charactersMax} characters`)
  try {
    return parse(query, { maxTokens: tokensMax })
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown
    if (thrown.message.includes('Parsing aborted')) throw tooCostly(`more than ${tokensMax} tokens`)
    throw asProtocolError('GRAPHQL_PARSE_FAILED', thrown, withoutValues(thrown))
  }
}

/** Throws OPERATION_RESOLUTION_FAILURE when it is not clear which one is meant. */
export function chooseOperation(document: DocumentNode, operationName: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
  const [first] = operations
  if (!first) throw protocolError('OPERATION_RESOLUTION_FAILURE', 'Must provide an operation.')
  if (operationName !== undefined) {
    const named = operations.find(({ name }) => name?.value === operationName)
    if (named) return named
    throw protocolError('OPERATION_RESOLUTION_FAILURE', `Unknown operation named "${operationName}".`)
  }
  if (operations.length === 1) return first
  throw protocolError(
    'OPERATION_RESOLUTION_FAILURE',
    'Must provide operation name if query contains multiple operations.',
  )
}
