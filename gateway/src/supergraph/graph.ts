/** Everything that follows from one supergraph. It never changes: another supergraph makes another graph, and takes its place whole. */
import type { Clock } from '@latchkey/clock'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import { createFieldRequirements, createRequirementReader } from '@latchkey/subgraph/access-requirements'
import { createFootprintReader } from '@latchkey/subgraph/coordinates'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import type { GraphQLSchema } from 'graphql'
import { createAuthorize } from '../authorize/authorize.ts'
import { countDenials } from '../authorize/denials.ts'
import { createFieldFilter } from '../authorize/field-filter.ts'
import { createKeyAccess } from '../authorize/key-access.ts'
import type { OperationLimits } from '../authorize/operation-limits.ts'
import { createPolicyJudge, type Policies, warnOfUnknownPolicies } from '../authorize/policies.ts'
import type { RefusalMode } from '../authorize/refusal-mode.ts'
import { readCostMap } from '../cost/cost-map.ts'
import { type CostTerms, createCostJudge } from '../cost/judge-cost.ts'
import { createCostReader } from '../cost/planned-cost.ts'
import { createEngine, type Engine, type PreparedOperation } from '../execute/engine.ts'
import type { Planning } from '../execute/planning/planning.ts'
import { readSupergraph } from '../execute/supergraph.ts'
import { createReading, type Reading } from '../explain/reading.ts'
import { ownSubgraphName } from '../explain/subgraph.ts'
import type { IntrospectionMode } from '../introspection/mode.ts'
import { createViews } from '../introspection/views.ts'
import { createOperations, type Operations } from '../operations.ts'
import type { Steps } from '../pipeline.ts'
import { watchedTypes } from '../session-cookies.ts'
import type { SchemaDetails } from '../validation-rules.ts'

/** What is served, and how its subgraphs are reached. */
export interface ServedSupergraph {
  readonly supergraphSdl: string
  /** By subgraph name. */
  readonly transports: Readonly<Record<string, SubgraphTransport>>
}

export interface GraphTerms extends ServedSupergraph {
  readonly limits: OperationLimits
  readonly cost: CostTerms
  readonly clock: Clock
  readonly schemaDetails: SchemaDetails
  readonly introspection: IntrospectionMode
  readonly policies: Policies
  readonly logger: Logger
  readonly authorization: RefusalMode
  readonly planning: Planning
}

/** Whatever is computed from the supergraph is computed here: kept elsewhere it would outlive it. */
export interface Graph {
  /** The schema a client sees. */
  readonly schema: GraphQLSchema
  /** What was asked of it, prepared. */
  readonly operations: Operations<PreparedOperation>
  readonly authorize: Steps<PreparedOperation>['authorize']
  readonly open: Engine['open']
  readonly run: Engine['run']
  /** What is read of it to say why. */
  readonly reading: Reading
  /** The subgraphs that envelopes are sealed for: all of it, save the gateway's own. */
  readonly audiences: ReadonlySet<string>
}

/** @throws Error when the supergraph is none, lacks a transport, or carries a directive for security that is not enforced. */
export function createGraph(terms: GraphTerms): Graph {
  const { supergraphSdl, transports, limits, cost, clock, schemaDetails, policies, logger, authorization } = terms
  const { introspection, planning } = terms
  // Read first: a graph whose rules cannot be enforced must not exist.
  const accessMap = readAccessMap(supergraphSdl)
  const readRequirement = createRequirementReader(accessMap)
  const { schema, open, prepare, run } = createEngine({
    ...{ supergraphSdl, transports, planning, watched: watchedTypes, faultDetails: schemaDetails },
  })
  const readFootprint = createFootprintReader(schema)
  const readCost = createCostReader(schema, readCostMap(supergraphSdl))
  const operations = createOperations({
    ...{ schema, compile: prepare, readRequirement, readFootprint, readCost, limits, schemaDetails, introspection },
  })
  const keyAccess = createKeyAccess(schema)
  const viewFor = createViews({ schema, accessMap, keyAccess, mode: introspection })
  const judged = { operations, clock, keyAccess, viewFor, judgeCost: createCostJudge(cost) }
  const policyJudge = createPolicyJudge({ policies, clock, logger })
  const fieldFilter = createFieldFilter(createFieldRequirements(accessMap))
  const filter = authorization === 'filter' ? fieldFilter : undefined
  const authorizing = { ...judged, policies: policyJudge, filter }
  const authorize = createAuthorize({ ...authorizing, denied: countDenials(fieldFilter) })
  // What is only asked about is not denied to anybody.
  const asking = { ...judged, authorize: createAuthorize(authorizing), policyJudge }
  const reading = createReading({ ...asking, supergraphSdl, transports, accessMap, limits })
  warnOfUnknownPolicies(accessMap, policies, logger)
  const names = readSupergraph(supergraphSdl).subgraphs.map(({ name }) => name)
  const audiences = new Set(names.filter((name) => name !== ownSubgraphName))
  return { schema, operations, authorize, open, run, reading, audiences }
}
