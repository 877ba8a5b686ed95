/** The federation engine: an operation is planned and compiled once, and run many times. */
import { Problem } from '@latchkey/problem'
import { createFootprintReader } from '@latchkey/subgraph/coordinates'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { type DocumentNode, type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql'
import { completeLosses } from './faults.ts'
import type { Planning } from './planning/planning.ts'
import { type PrepareContext, type PreparedOperation, prepare } from './prepare.ts'
import { clientPath, type ObjectProjection, projectObject } from './project.ts'
import { errorOf, startProjecting } from './projecting.ts'
import { type Run, type RunRequest, startRun } from './run.ts'
import { readSupergraph } from './supergraph.ts'
import type { FaultDetails } from './variables.ts'
import { createVariants, type Variant, type Variants } from './variants.ts'
import type { WatchedTypes } from './watched.ts'

export type { PreparedOperation } from './prepare.ts'
export type { RunRequest } from './run.ts'

export interface Engine {
  /** The schema a client sees: no federation machinery, nothing that is @inaccessible. */
  readonly schema: GraphQLSchema
  readonly subgraphNames: readonly string[]
  /** So that the first operation does not wait for it. Rejects with an Error when there is no planning over this supergraph. */
  open(): Promise<void>
  /**
   * Prepares a document that is parsed and already valid against `schema`. It is planned when it is first run.
   * @throws GraphQLError when the operation is not in the document, or asks for `@defer` or `@stream`.
   */
  prepare(document: DocumentNode, operationName?: string): PreparedOperation
  /**
   * Answers as the GraphQL specification says (section 6), a subscription for one event; keys are in the client's order. Variables that do not fit
   * give errors with the code BAD_USER_INPUT and no data; what cannot be planned gives GRAPHQL_VALIDATION_FAILED,
   * OPERATION_TOO_COSTLY or UNAVAILABLE, and no data. It does not reject for what a subgraph does or answers.
   */
  run(operation: PreparedOperation, request: RunRequest): Promise<ExecutionResult>
}

export interface EngineOptions {
  readonly supergraphSdl: string
  /** By subgraph name. The engine never changes what a transport hands it. */
  readonly transports: Readonly<Record<string, SubgraphTransport>>
  readonly planning: Planning
  /** Where compiled operations are kept; bounds of its own unless given. */
  readonly variants?: Variants
  /** How much a refusal tells of variables that do not fit; everything unless given. */
  readonly faultDetails?: FaultDetails
  /** What a run that asks for it is told of; nothing unless given. */
  readonly watched?: WatchedTypes
}

/** @throws Error when `supergraphSdl` is not a supergraph, or a subgraph of it has no transport. */
export function createEngine(options: EngineOptions): Engine {
  const { supergraphSdl, transports, planning } = options
  const { variants = createVariants(), watched = {}, faultDetails = 'open' } = options
  const supergraph = readSupergraph(supergraphSdl)
  const subgraphNames = supergraph.subgraphs.map(({ name }) => name)
  const unreachable = subgraphNames.filter((name) => !Object.hasOwn(transports, name))
  if (unreachable.length > 0) throw new Error(`No transport leads to: ${unreachable.join(', ')}.`)
  const { open, plan } = planning.over(supergraphSdl)
  const context: PrepareContext = {
    supergraph,
    transports,
    plan,
    variants,
    watched,
    faultDetails,
    readFootprint: createFootprintReader(supergraph.publicSchema),
  }
  return {
    schema: supergraph.publicSchema,
    subgraphNames,
    open,
    prepare: (document, operationName) => prepare(document, operationName, context),
    run,
  }
}

async function run(operation: PreparedOperation, request: RunRequest): Promise<ExecutionResult> {
  const variables = operation.coerceVariables(request.variables)
  if ('errors' in variables) return { errors: variables.errors }
  const chosen = choose(operation, variables.coerced, request)
  const variant = chosen instanceof Promise ? await chosen : chosen
  if (variant instanceof GraphQLError) return { errors: [variant] }
  const current = startRun(request, variables.coerced)
  if (variant.fetch) await variant.fetch(current)
  return answer(current, variant.projection)
}

/** A promise only when it is not compiled yet. */
function choose(
  operation: PreparedOperation,
  variables: Run['variables'],
  { watch, withheld }: RunRequest,
): Variant | Promise<Variant | GraphQLError> {
  const taken = operation.variantFor(variables, watch ? 'watched' : 'unwatched', withheld)
  return taken instanceof Promise ? taken.catch(refusalFor) : taken
}

function answer({ tree, variables, faults, request }: Run, projection: ObjectProjection): ExecutionResult {
  if (faults) completeLosses(faults)
  const located = faults?.located.map(({ path, fault }) => errorOf(fault, clientPath(projection, tree, path))) ?? []
  const general = faults?.general.map((fault) => errorOf(fault, undefined)) ?? []
  const at = startProjecting(variables, faults, located, request)
  const data = projectObject(projection, tree, at) ?? null
  const errors = general.length > 0 ? [...general, ...at.errors] : at.errors
  // An object of the client's fields: `projectObject` gives nothing else.
  return errors.length > 0 ? { errors, data: data as Record<string, unknown> | null } : { data: data as never }
}

function refusalFor(thrown: unknown): GraphQLError {
  if (thrown instanceof Problem) return new GraphQLError(thrown.message, { originalError: thrown })
  if (!(thrown instanceof GraphQLError)) throw thrown
  const { message, originalError } = thrown
  return new GraphQLError(message, { originalError, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })
}
