/** Environment → Config. Parsed once, every mistake at once, and half-configured cannot be expressed. */
import { join, resolve } from 'node:path'
import type { CostTerms, PersistedTerms, StreamLimits } from '@latchkey/gateway'
import type { BudgetChoice } from '@latchkey/principal/budget-terms'
import type { TrustedServices } from '@latchkey/principal/trusted-services'
import type { KmsSettings } from '@latchkey/secrets/kms'
import type { SessionTerms } from '@latchkey/sessions'
import type { SubgraphWaits } from '@latchkey/subgraph/waits'
import type { LogLevel } from '@latchkey/telemetry'
import type { BreachedPasswordsChoice } from '@latchkey/users'
import { type Environment, isLoopback, type Loopback, parseVariables } from './given-variables.ts'
import {
  type AttemptLimits,
  attemptLimitsOf,
  budgetTermsOf,
  type CostRate,
  costRateOf,
  type OperationSize,
  operationSizeOf,
} from './limits.ts'
import type { Variables } from './variables.ts'

export type { Environment } from './given-variables.ts'

/** Where a store is: at an address, or started by us with its data in the data folder. */
export type StoreSource = StoreAddress | { readonly kind: 'embedded' }
interface StoreAddress {
  readonly kind: 'address'
  readonly url: string
}

/** Whose X-Forwarded-For is believed: nobody's, that of the last `count` hops, or that of these networks. */
export type TrustedProxies =
  | { readonly kind: 'none' }
  | { readonly kind: 'hops'; readonly count: number }
  | { readonly kind: 'networks'; readonly cidrs: readonly string[] }

/** What may be done before an address is confirmed. */
export type EmailVerification =
  | { readonly kind: 'required' }
  | { readonly kind: 'grace'; readonly graceMs: number }
  | { readonly kind: 'off' }

interface Common {
  readonly port: number
  /** How clients reach it, without a slash at the end: mail links and token issuers start with it. */
  readonly publicUrl: string
  /** Absolute. */
  readonly dataDir: string
  /** Who unwraps the keyring, as the environment says it; nobody: it is a plain file. */
  readonly keyManagement: KmsSettings
  readonly database: StoreSource
  readonly redis: StoreSource
  readonly trustedProxies: TrustedProxies
  /** Other origins whose pages may use the cookies of a session. */
  readonly origins: readonly string[]
  readonly logLevel: LogLevel
  /** Where Prometheus reads besides; `null`: nowhere. */
  readonly metricsPort: number | null
  /** How long audit records are kept. */
  readonly auditKeptDays: number
  /** Connections to Postgres of each subgraph. */
  readonly databasePoolMax: number
  /** In which Postgres and Redis may give no sign of life. */
  readonly storePatienceMs: number
  /** Of a replica that lists are read from, and by how much it may lag. */
  readonly databaseReplica: { readonly replicaUrl: string | undefined; readonly lagMaxMs: number }
  /** Rows that are over and are removed in one statement. */
  readonly cleanupBatchRows: number
  /** Where traces go, and how many of them; `null`: there are none. */
  readonly traces: { readonly endpoint: string; readonly ratio: number } | null
  /** How long it serves on when it is told to end, so that balancers look elsewhere first. */
  readonly drainMs: number
  /** Who brings it is told by /health/ready which part is not; `null`: nobody. */
  readonly healthToken: string | null
  readonly keyEnvironment: 'live' | 'test'
  /** Services of other teams that may ask what a key is worth. */
  readonly keyVerifiers: TrustedServices
  /** Routers that credentials are exchanged for. */
  readonly routers: TrustedServices
  /** How long it rests between two looks for keys that end soon. */
  readonly keyNoticePauseMs: number
  /** Addresses that replace the supergraph's own, by subgraph; several are replicas. */
  readonly subgraphUrls: Readonly<Record<string, readonly string[]>>
  /** Who is asked about names in these; none: the machine's own. */
  readonly nameServers: readonly string[]
  readonly subgraphWaits: SubgraphWaits
  /** The composed supergraph, when it is not the repository's own. Absolute. */
  readonly supergraphFile: string | null
  /** The policies that `@policy` names, when there are any. Absolute. */
  readonly policiesFile: string | null
  /** What becomes of an operation of which the caller may not ask every field: it is refused, or answered without them. */
  readonly authorization: 'reject' | 'filter'
  /** Who is told of the schema. */
  readonly introspection: 'off' | 'filtered' | 'open' | undefined
  /** What becomes of more than it can answer. */
  readonly overload: 'shed' | 'off' | undefined
  /** A `supergraph.yaml`, when the supergraph is composed here. Absolute. */
  readonly supergraphConfig: string | null
  /** Of each service, when several processes are started at once. */
  readonly replicas: number
  readonly operationSize: OperationSize
  /** What operations may cost. */
  readonly cost: CostTerms
  /** What a person, or a network of strangers, may ask for in a minute, by what it costs; `null`: that is not counted. */
  readonly costRate: CostRate | null
  /** Which operations are let in by whether they are registered. */
  readonly persistedLevel: PersistedTerms['level']
  /** The manifest they are registered in. Absolute. */
  readonly operationsFile: string
  readonly attemptLimits: AttemptLimits
  /** How often keys may ask. */
  readonly budgetTerms: BudgetChoice
  readonly streamLimits: StreamLimits
  readonly sessionTerms: SessionTerms
  /** Passwords that may wait to be hashed; one more is refused. */
  readonly passwordQueueMax: number
  readonly breachedPasswords: BreachedPasswordsChoice
  /** Where mail leaves and who it is from; `null`: it is shown in development, and waits in production. */
  readonly smtp: { readonly url: string; readonly from: string } | null
  /** What mails are written in for people who chose no language. */
  readonly defaultLanguage: 'en' | 'de'
  readonly emailVerification: EmailVerification
  /** Whether a device is trusted in place of a second factor, and whether that will do where a role asks for one. */
  readonly trustedDevices: 'off' | 'unless-demanded' | 'always'
  /** Whether a mail signs in. */
  readonly magicLinks: 'on' | 'off'
  /** Whether a person is told by mail that support staff opened their account. */
  readonly impersonationNotice: 'mail' | 'none'
  /** Mails that may be asked for from one network in ten minutes. */
  readonly networkMailsMax: number
  /** Where webhooks may go besides public addresses. */
  readonly webhooks: { readonly networks: readonly string[]; readonly plainHttp: 'refused' | 'taken' }
  /** JSON Schemas of the metadata. Absolute. */
  readonly profileSchemaFile: string | null
  /** Whether uses of keys are recorded, and how long they are told by the minute, the hour and the day. */
  readonly keyUsage: {
    readonly kind: 'on' | 'off'
    readonly kept: { readonly minutes: number; readonly hours: number; readonly days: number }
  }
}

/** On this machine only; what is secret is made when missing, and kept in the data folder. */
export interface DevelopmentConfig extends Common {
  readonly mode: 'development'
  readonly host: Loopback
  readonly keyringFile: string | null
}

export interface ProductionConfig extends Common {
  readonly mode: 'production'
  readonly host: string
  readonly keyringFile: string
  readonly attemptLimits: AttemptLimits & { readonly kind: 'on' }
}

export type Config = DevelopmentConfig | ProductionConfig

/** Throws a Fault that lists every mistake, one line each: the variable, what is wrong, what to do. */
export function parseConfig(environment: Environment): Config {
  return configOf(parseVariables(environment))
}

function configOf(given: Variables): Config {
  const keyringFile = given.LATCHKEY_KEYRING_FILE ? resolve(given.LATCHKEY_KEYRING_FILE) : null
  if (given.NODE_ENV === 'production') {
    // `mistakesOfMode` has refused a production without a keyring.
    const production = { mode: 'production', host: given.HOST ?? '0.0.0.0', keyringFile: keyringFile ?? '' } as const
    return { ...commonOf(given, 'live'), ...production, attemptLimits: attemptLimitsOf(given) }
  }
  const host = given.HOST && isLoopback(given.HOST) ? given.HOST : '127.0.0.1'
  const attemptLimits = given.LATCHKEY_LIMITS === 'off' ? ({ kind: 'off' } as const) : attemptLimitsOf(given)
  return { ...commonOf(given, 'test'), mode: 'development', host, keyringFile, attemptLimits }
}

const commonOf = (given: Variables, keyEnvironment: 'live' | 'test'): Omit<Common, 'attemptLimits'> => ({
  port: given.PORT,
  publicUrl: (given.LATCHKEY_PUBLIC_URL ?? `http://localhost:${given.PORT}`).replace(/\/+$/, ''),
  dataDir: resolve(given.LATCHKEY_DATA_DIR),
  keyManagement: {
    LATCHKEY_KMS_URL: given.LATCHKEY_KMS_URL,
    LATCHKEY_KMS_TOKEN_FILE: given.LATCHKEY_KMS_TOKEN_FILE,
  },
  database: sourceOf(given.DATABASE_URL),
  redis: sourceOf(given.REDIS_URL),
  trustedProxies: given.LATCHKEY_TRUSTED_PROXIES ?? { kind: 'none' },
  origins: given.LATCHKEY_ORIGINS ?? [],
  logLevel: given.LATCHKEY_LOG_LEVEL,
  metricsPort: given.LATCHKEY_METRICS_PORT ?? null,
  auditKeptDays: given.LATCHKEY_AUDIT_KEPT,
  databasePoolMax: given.LATCHKEY_DATABASE_POOL,
  storePatienceMs: given.LATCHKEY_STORE_PATIENCE,
  databaseReplica: {
    replicaUrl: given.LATCHKEY_DATABASE_REPLICA_URL,
    lagMaxMs: given.LATCHKEY_DATABASE_REPLICA_LAG * 1_000,
  },
  cleanupBatchRows: given.LATCHKEY_CLEANUP_BATCH,
  traces: given.OTEL_EXPORTER_OTLP_ENDPOINT
    ? { endpoint: given.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: given.OTEL_TRACES_SAMPLER_ARG }
    : null,
  drainMs: given.LATCHKEY_DRAIN_SECONDS * 1_000,
  healthToken: given.LATCHKEY_HEALTH_TOKEN ?? null,
  keyEnvironment: given.LATCHKEY_KEY_ENVIRONMENT ?? keyEnvironment,
  keyVerifiers: given.LATCHKEY_KEY_VERIFIERS ?? {},
  routers: given.LATCHKEY_ROUTERS ?? {},
  keyNoticePauseMs: given.LATCHKEY_KEY_NOTICE_INTERVAL,
  subgraphUrls: given.LATCHKEY_SUBGRAPH_URLS ?? {},
  nameServers: given.LATCHKEY_DNS_SERVERS ?? [],
  subgraphWaits: { timeoutMs: given.LATCHKEY_SUBGRAPH_TIMEOUT, patienceMs: given.LATCHKEY_SUBGRAPH_PATIENCE },
  supergraphFile: given.LATCHKEY_SUPERGRAPH_FILE ? resolve(given.LATCHKEY_SUPERGRAPH_FILE) : null,
  policiesFile: given.LATCHKEY_POLICIES_FILE ? resolve(given.LATCHKEY_POLICIES_FILE) : null,
  authorization: given.LATCHKEY_AUTHORIZATION,
  introspection: given.LATCHKEY_INTROSPECTION,
  overload: given.LATCHKEY_OVERLOAD,
  supergraphConfig: given.LATCHKEY_SUPERGRAPH_CONFIG ? resolve(given.LATCHKEY_SUPERGRAPH_CONFIG) : null,
  replicas: given.LATCHKEY_REPLICAS,
  budgetTerms: budgetTermsOf(given),
  streamLimits: {
    inAll: given.LATCHKEY_LIMIT_STREAMS,
    perAccount: given.LATCHKEY_LIMIT_ACCOUNT_STREAMS,
    perCredential: given.LATCHKEY_LIMIT_CREDENTIAL_STREAMS,
  },
  passwordQueueMax: given.LATCHKEY_LIMIT_PASSWORD_QUEUE,
  sessionTerms: {
    usual: { idleMs: given.LATCHKEY_SESSION_IDLE, absoluteMs: given.LATCHKEY_SESSION_LIFETIME },
    remembered: {
      idleMs: given.LATCHKEY_REMEMBERED_SESSION_IDLE,
      absoluteMs: given.LATCHKEY_REMEMBERED_SESSION_LIFETIME,
    },
  },
  breachedPasswords: breachedPasswordsOf(given),
  smtp: smtpOf(given),
  defaultLanguage: given.LATCHKEY_DEFAULT_LOCALE,
  emailVerification: emailVerificationOf(given),
  trustedDevices: given.LATCHKEY_TRUSTED_DEVICES,
  magicLinks: given.LATCHKEY_MAGIC_LINKS,
  impersonationNotice: given.LATCHKEY_IMPERSONATION_NOTICE === 'on' ? 'mail' : 'none',
  networkMailsMax: given.LATCHKEY_LIMIT_NETWORK_MAILS,
  webhooks: {
    networks: given.LATCHKEY_WEBHOOK_NETWORKS,
    plainHttp: given.LATCHKEY_WEBHOOK_HTTP === 'on' ? 'taken' : 'refused',
  },
  profileSchemaFile: given.LATCHKEY_PROFILE_SCHEMA ? resolve(given.LATCHKEY_PROFILE_SCHEMA) : null,
  keyUsage: {
    kind: given.LATCHKEY_USAGE,
    kept: {
      minutes: given.LATCHKEY_USAGE_MINUTES_KEPT,
      hours: given.LATCHKEY_USAGE_HOURS_KEPT,
      days: given.LATCHKEY_USAGE_DAYS_KEPT,
    },
  },
  cost: { mode: given.LATCHKEY_COST, max: given.LATCHKEY_COST_MAX },
  costRate: costRateOf(given),
  persistedLevel: given.LATCHKEY_PERSISTED_OPERATIONS,
  operationsFile: resolve(given.LATCHKEY_OPERATIONS_FILE ?? join(given.LATCHKEY_DATA_DIR, 'operations.json')),
  operationSize: operationSizeOf(given),
})

/** Digits of hashes leave the house in production only, and there unless somebody says otherwise. */
function breachedPasswordsOf(given: Variables): BreachedPasswordsChoice {
  const named = given.LATCHKEY_BREACHED_PASSWORDS ?? (given.NODE_ENV === 'production' ? 'online' : 'off')
  const isFile = named !== 'off' && named !== 'online'
  const source = isFile ? ({ kind: 'file', path: resolve(named) } as const) : ({ kind: named } as const)
  return { source, whenUnknown: given.LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE }
}

const sourceOf = (url: string | undefined): StoreSource => (url ? { kind: 'address', url } : { kind: 'embedded' })

const smtpOf = ({ LATCHKEY_SMTP_URL: url, LATCHKEY_MAIL_FROM: from }: Variables) => (url && from ? { url, from } : null)

function emailVerificationOf(given: Variables): EmailVerification {
  if (given.LATCHKEY_EMAIL_VERIFICATION !== 'grace') return { kind: given.LATCHKEY_EMAIL_VERIFICATION }
  return { kind: 'grace', graceMs: given.LATCHKEY_EMAIL_VERIFICATION_GRACE_HOURS * 3_600_000 }
}
