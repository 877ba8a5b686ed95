/** What explaining reads of one supergraph: places and their rules, where those stand, whose they are, and how large an operation is. */
import type { Clock } from '@latchkey/clock'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { Problem } from '@latchkey/problem'
import type { AccessMap, AccessRule, TypeAccess } from '@latchkey/subgraph/access-map'
import { type AccessRequirement, type AskedPlace, createPlaceReader } from '@latchkey/subgraph/access-requirements'
import { measureSize, type SizeFigure } from '@latchkey/subgraph/operation-size'
import { readOwners } from '@latchkey/subgraph/owners'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { type DocumentNode, GraphQLError, parse } from 'graphql'
import { deniedBy, judgeRequirement } from '../authorize/access-verdict.ts'
import { createAuthorize } from '../authorize/authorize.ts'
import type { KeyAccess } from '../authorize/key-access.ts'
import type { OperationLimits } from '../authorize/operation-limits.ts'
import type { PolicyJudge } from '../authorize/policies.ts'
import type { JudgeCost } from '../cost/judge-cost.ts'
import type { PreparedOperation } from '../execute/engine.ts'
import type { ViewFor } from '../introspection/views.ts'
import { chooseOperation, type KnownOperation, type Operations } from '../operations.ts'
import type { Caller, Steps } from '../pipeline.ts'
import { type AskRoles, rolesFromUsers } from './role-catalogue.ts'

export type Authorize = Steps<PreparedOperation>['authorize']

export interface Reading {
  /** The one that requests are put to. */
  readonly authorize: Authorize
  /** The same, if every policy said yes. */
  readonly authorizeByPolicy: Authorize
  /** What single rules, and policies, say of a request. */
  judging(request: Judged): Judging
  /** Throws what preparing it throws. */
  prepare(query: string, operationName: string | undefined): KnownOperation<PreparedOperation>
  /** Of an operation that can be prepared. */
  places(query: string, operationName: string | undefined): readonly AskedPlace[]
  /** How large a text is, as far as it can be read. */
  sizes(query: string): readonly Measured[]
  /** Where a rule stands: `Type` or `Type.field`. */
  originOf(rule: AccessRule): string
  /** The subgraphs that define a coordinate. */
  ownersOf(coordinate: string): readonly string[]
  /** `Type.field` of every type that may stand where the coordinate is asked. */
  standingAt(coordinate: string): readonly string[]
  refusedTo(key: ApiKeyRecord, operation: KnownOperation<PreparedOperation>, variables: Variables): readonly string[]
  readonly askRoles: AskRoles
}

interface Judged {
  readonly caller: Caller
  readonly operation: Pick<KnownOperation<PreparedOperation>, 'kind' | 'name'>
  /** Where it comes from; empty when that is not known. */
  readonly address: string
}

export interface Judging {
  judge(requirement: AccessRequirement): true | Problem
  /** Of what policies are asked for, all that they deny. */
  deniedPolicies(requirement: AccessRequirement): AccessRequirement['policies']
}

export interface Measured extends Omit<SizeFigure, 'name'> {
  readonly name: SizeFigure['name'] | 'CHARACTERS' | 'TOKENS'
}

type Variables = Readonly<Record<string, unknown>>

export interface ReadingDependencies {
  readonly supergraphSdl: string
  readonly accessMap: AccessMap
  readonly operations: Operations<PreparedOperation>
  readonly authorize: Authorize
  readonly policyJudge: PolicyJudge
  readonly keyAccess: KeyAccess
  readonly viewFor: ViewFor
  readonly judgeCost: JudgeCost
  readonly clock: Clock
  readonly limits: OperationLimits
  /** By subgraph name. */
  readonly transports: Readonly<Record<string, SubgraphTransport>>
}

/** Nothing of it is read before somebody asks. */
export function createReading(dependencies: ReadingDependencies): Reading {
  const { supergraphSdl, accessMap: map, operations, authorize, policyJudge } = dependencies
  const { keyAccess, viewFor, judgeCost, limits, transports, clock } = dependencies
  const readPlaces = once(() => createPlaceReader(map))
  const origins = once(() => originsIn(map))
  const owners = once(() => readOwners(supergraphSdl))
  return {
    authorize,
    authorizeByPolicy: createAuthorize({
      operations,
      keyAccess,
      viewFor,
      clock,
      judgeCost,
      policies: () => ({ allows: () => true }),
    }),
    judging({ caller: { principal, key }, operation, address }) {
      const { kind, name } = operation
      const policies = policyJudge(() => ({ principal, operation: { kind, name }, client: { address } }))
      const asking = { principal, policies, clock, credential: key ? 'key' : 'other' } as const
      return {
        judge: (requirement) => judgeRequirement(requirement, asking),
        deniedPolicies: (requirement) => deniedBy(policies, requirement),
      }
    },
    prepare: operations.prepare,
    places(query, operationName) {
      const document = parse(query)
      return readPlaces()(document, chooseOperation(document, operationName))
    },
    sizes: (query) => [
      { name: 'CHARACTERS', size: query.length, max: limits.charactersMax },
      ...(query.length > limits.charactersMax ? [] : sizesIn(query, limits)),
    ],
    originOf: (rule) => origins().get(rule) ?? '',
    ownersOf: (coordinate) => owners().get(coordinate)?.subgraphs ?? [],
    standingAt(coordinate) {
      const [type = '', field] = coordinate.split('.')
      const possible = [type, ...(map.types.get(type)?.possible ?? [])]
      return field === undefined ? [] : possible.map((each) => `${each}.${field}`)
    },
    refusedTo: keyAccess.refusedTo,
    askRoles: rolesFromUsers(transports.users),
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function sizesIn(query: string, limits: OperationLimits): readonly Measured[] {
  const document = parsed(query, limits.tokensMax)
  if (document === 'no GraphQL') return []
  if (document === 'too long') return [{ name: 'TOKENS', size: limits.tokensMax + 1, max: limits.tokensMax }]
  const tokens = { name: 'TOKENS', size: document.tokenCount ?? 0, max: limits.tokensMax } as const
  return [tokens, ...measureSize(document, limits)]
}

function parsed(query: string, maxTokens: number): DocumentNode | 'too long' | 'no GraphQL' {
  try {
    return parse(query, { maxTokens })
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown
    return thrown.message.includes('Parsing aborted') ? 'too long' : 'no GraphQL'
  }
}

/** What an interface hands down stands at the interface: it is looked for there first. */
function originsIn({ types }: AccessMap): ReadonlyMap<AccessRule, string> {
  const origins = new Map<AccessRule, string>()
  const note = (rule: AccessRule, coordinate: string) => origins.has(rule) || origins.set(rule, coordinate)
  const isObject = ([name, { possible }]: readonly [string, TypeAccess]) => possible.has(name)
  const inOrder = [...types].toSorted((one, other) => Number(isObject(one)) - Number(isObject(other)))
  for (const [name, { rules, fields }] of inOrder) {
    for (const rule of rules) note(rule, name)
    for (const [field, { rules: ofField }] of fields) for (const rule of ofField) note(rule, `${name}.${field}`)
  }
  return origins
}
