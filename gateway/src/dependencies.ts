/** What a gateway is made of: its graph, who may ask it and how far, and what it tells others. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { AccountNews } from '@latchkey/principal/account-news'
import type { KeyBudgets } from '@latchkey/principal/key-budgets'
import type { UsageStream } from '@latchkey/principal/key-usage'
import type { Ready } from '@latchkey/subgraph/health'
import type { Logger } from '@latchkey/telemetry'
import type { Recogniser } from './authenticate/authenticate.ts'
import type { OperationLimits } from './authorize/operation-limits.ts'
import type { Policies } from './authorize/policies.ts'
import type { RefusalMode } from './authorize/refusal-mode.ts'
import type { AffordTerms } from './cost/afford.ts'
import type { CostTerms } from './cost/judge-cost.ts'
import type { Exchanging } from './exchange/route.ts'
import type { Planning } from './execute/planning/planning.ts'
import type { ExplainDependencies } from './explain/service.ts'
import type { TrustedProxies } from './http/client-address.ts'
import type { Route } from './http.ts'
import type { IntrospectionMode } from './introspection/mode.ts'
import type { PersistedTerms } from './persisted/persisted.ts'
import type { Recall } from './pipeline.ts'
import type { StreamLimits } from './streams/places.ts'
import type { ServedSupergraph } from './supergraph/graph.ts'

export interface GatewayDependencies extends ServedSupergraph {
  /** In the order they count. */
  readonly recognisers: readonly Recogniser[]
  /** Who comes with a key that was read before, to be confirmed by the budgets; everybody is authenticated unless both are given. */
  readonly recallKey?: Recall | undefined
  /** What requests with a key spend from. */
  readonly budgets: KeyBudgets
  /** Each one not named has its default. */
  readonly limits?: Partial<OperationLimits>
  /** What `@policy` names in the supergraph; one that is not here says no. */
  readonly policies?: Policies
  /** What becomes of an operation of which the caller may not ask every field; `reject` unless said. A client may ask for `reject`. */
  readonly authorization?: RefusalMode
  /** What operations may cost; the usual unless said. */
  readonly cost?: CostTerms
  /** What people and strangers may ask for in a minute, by what it costs; nothing is counted unless said. */
  readonly affords?: AffordTerms | undefined
  /** Which operations are registered, and whether others are let in; none and all unless said. */
  readonly persisted?: PersistedTerms
  readonly logger: Logger
  readonly clock: Clock
  readonly entropy: Entropy
  /** How clients reach it. */
  readonly publicUrl: string
  /** Who is told of the schema; in production `filtered`, in development `open`, unless said. */
  readonly introspection?: IntrospectionMode | undefined
  /** `shed`: what is more than it can answer is refused at once, signing in and revoking last; everything is taken unless said. */
  readonly overload?: 'shed' | 'off' | undefined
  /** In development: Sandbox, suggestions in messages, and an answer to no host but this one and loopback. */
  readonly mode: 'development' | 'production'
  /** Other origins whose pages may use the cookies of a session; none unless said. */
  readonly origins?: readonly string[]
  /** Served besides GraphQL, by exact path. */
  readonly routes?: Readonly<Record<string, Route>>
  /** What /health/ready says while the gateway is open. */
  readonly ready?: Ready
  /** Who brings it to /health/ready is told which part is not; nobody is unless there is one. */
  readonly healthToken?: string | undefined
  /** How long it serves on once it is closed, saying that it drains, so that balancers have looked elsewhere by then; not at all unless said. */
  readonly drainMs?: number
  /** The proxies in front, whose X-Forwarded-For and x-request-id count; none unless said. */
  readonly trustedProxies?: TrustedProxies
  /** `off`: also prepared operations go through Apollo Server. */
  readonly shortLane?: 'on' | 'off'
  /** Where it is left what was done with keys; nowhere unless said. */
  readonly usage?: Pick<UsageStream, 'add'> | undefined
  /** Where it is read who somebody is that access is explained for. */
  readonly explaining: Pick<ExplainDependencies, 'records' | 'loadGrants' | 'loadApiKey' | 'environment'>
  /** What streams of events are told by, and ended. */
  readonly news: AccountNews
  /** How many streams may be open; the usual ones unless said. */
  readonly streams?: StreamLimits
  /** The routers that credentials are exchanged for, and what seals for them; none unless said, and then there is no such path. */
  readonly exchanging?: Exchanging | undefined
  /** Where operations are planned; in a process of its own unless given, which ends with the gateway. */
  readonly planning?: Planning
}
