/** What ApiKeys stands on. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { CountedBudgets } from '@latchkey/principal/key-budgets'
import type { KeyThrottle } from '@latchkey/principal/key-throttle'
import type { UsageStream } from '@latchkey/principal/key-usage'
import type { Database } from '@latchkey/prisma'
import type { LaggingReads } from '@latchkey/prisma/replica'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Keyring } from '@latchkey/secrets'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import type { ScopeRequirements } from './usage/scope-requirements.ts'
import type { Retention } from './usage/store.ts'

export interface ApiKeysDependencies {
  /** How long audit records are kept, in days: 30 at least. */
  readonly auditKeptDays: number
  /** How many rows that are over are removed at once; a thousand unless set. */
  readonly cleanupBatchRows?: number
  readonly database: Database
  /** Where lists that may lag are read: administrators' lists and figures, never what decides. The database unless set. */
  readonly laggingReads?: LaggingReads
  readonly records: CredentialRecords
  /** What keys may still spend, shared with every gateway. */
  readonly budgets: CountedBudgets
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** Which deployment the keys made here belong to. */
  readonly environment: KeyEnvironment
  /** Every scope that a key can hold; asked for each new key, so that a new supergraph counts at once. */
  readonly scopesInGraph: () => readonly Scope[]
  /** What keys can be let ask; the same object while it is the same. */
  readonly publicGraph: () => PublicGraph
  /** Which scopes fields ask for. */
  readonly requirementsInGraph: () => ScopeRequirements
  /** How Users is asked: as the service `api-keys`. */
  readonly users: SubgraphTransport
  /** Counts wrong keys together with those that are shown at the gateway. */
  readonly throttle: KeyThrottle
  /** Where gateways leave what was done with keys. */
  readonly usageStream: UsageStream
  /** For how long that is kept. */
  readonly usageKept: Retention
  /** How long it rests between two looks for keys that end soon; five minutes unless set. */
  readonly noticePauseMs?: number | undefined
}
