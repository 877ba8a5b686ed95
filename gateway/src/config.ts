/** The environment of the gateway as a process of its own. */
import { usualPatienceMs } from '@latchkey/clock/awake'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { type BudgetChoice, budgetTerms, usualRates } from '@latchkey/principal/budget-terms'
import { costLimit, usualCostRate } from '@latchkey/principal/cost-budgets'
import { parseTrustedServices, trustedServicesError } from '@latchkey/principal/trusted-services'
import { type WrongKeyBudget, wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { kmsVariables } from '@latchkey/secrets/kms'
import { nameServersError, parseNameServers } from '@latchkey/subgraph/name-servers'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { type SubgraphWaits, usualWaits } from '@latchkey/subgraph/waits'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'
import { defaultLimits, type OperationLimits } from './authorize/operation-limits.ts'
import { type CostTerms, costModes, usualCostTerms } from './cost/judge-cost.ts'
import type { TrustedProxies } from './http/client-address.ts'
import { introspectionModes } from './introspection/mode.ts'
import { originsError, parseOrigins } from './origins.ts'
import { persistedLevels } from './persisted/levels.ts'
import type { PersistedTerms } from './persisted/persisted.ts'
import { type StreamLimits, usualStreamLimits } from './streams/places.ts'

const count = (min: number, max: number, otherwise: number) =>
  z.coerce.number().int().min(min).max(max).default(otherwise)

const subgraphUrls = z.string().transform((text, context) => {
  const urls = parseSubgraphUrls(text)
  if (urls) return urls
  context.addIssue({ code: 'custom', message: 'must be like users=http://users:4001,sessions=http://sessions:4002' })
  return z.NEVER
})

/** A number of hops, or networks: `1`, `10.0.0.0/8,fd00::/8`. */
const trustedProxies = z
  .string()
  .default('')
  .transform((text): TrustedProxies => {
    if (text === '') return { kind: 'none' }
    if (/^\d{1,2}$/.test(text)) return { kind: 'hops', count: Number(text) }
    return { kind: 'networks', cidrs: text.split(',').map((cidr) => cidr.trim()) }
  })

const routers = z
  .string()
  .default('')
  .transform((text, context) => {
    const services = parseTrustedServices(text)
    if (services) return services
    context.addIssue({ code: 'custom', message: trustedServicesError })
    return z.NEVER
  })

/** Scheme, host and port, exactly as browsers write them. */
const origins = z
  .string()
  .default('')
  .transform((text, context) => {
    const parsed = parseOrigins(text)
    if (parsed) return parsed
    context.addIssue({ code: 'custom', message: originsError })
    return z.NEVER
  })

const loopback = ['127.0.0.1', '::1', 'localhost']

const nameServers = z
  .string()
  .default('')
  .transform((text, context) => {
    const servers = parseNameServers(text)
    if (servers) return servers
    context.addIssue({ code: 'custom', message: nameServersError })
    return z.NEVER
  })

const environment = z
  .object({
    PORT: count(0, 65_535, 4_000),
    HOST: z.string().min(1).default('127.0.0.1'),
    NODE_ENV: z.string().default('development'),
    REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://…' }),
    LATCHKEY_KEYRING_FILE: z.string({ error: 'must name the keyring' }),
    ...kmsVariables,
    LATCHKEY_PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be the address that clients use' }),
    LATCHKEY_SUBGRAPH_URLS: subgraphUrls.optional(),
    /** Who is asked about names in these; the machine's own unless set. */
    LATCHKEY_DNS_SERVERS: nameServers,
    /** How long a subgraph is waited for, and how long one that says nothing may give no sign of life. In milliseconds. */
    LATCHKEY_SUBGRAPH_TIMEOUT: count(100, 300_000, usualWaits.timeoutMs),
    LATCHKEY_SUBGRAPH_PATIENCE: count(50, 60_000, usualWaits.patienceMs),
    /** How many milliseconds Redis may give no sign of life. */
    LATCHKEY_STORE_PATIENCE: count(50, 30_000, usualPatienceMs),
    /** The composed supergraph, when it is not the repository's own. */
    LATCHKEY_SUPERGRAPH_FILE: z.string().min(1).optional(),
    /** An ES module that exports the policies that `@policy` names. */
    LATCHKEY_POLICIES_FILE: z.string().min(1).optional(),
    /** What becomes of an operation of which the caller may not ask every field. */
    LATCHKEY_AUTHORIZATION: z.enum(['reject', 'filter']).default('reject'),
    /** Who is told of the schema; `filtered` in production and `open` in development unless set. */
    LATCHKEY_INTROSPECTION: z.enum(introspectionModes).optional(),
    /** What becomes of more than it can answer; `shed` in production and `off` in development unless set. */
    LATCHKEY_OVERLOAD: z.enum(['shed', 'off']).optional(),
    /** A `supergraph.yaml` to compose from; what is composed is put into LATCHKEY_SUPERGRAPH_FILE, where that is set. */
    LATCHKEY_SUPERGRAPH_CONFIG: z.string().min(1).optional(),
    /** Where schemas are kept that subgraphs told. */
    LATCHKEY_DATA_DIR: z.string().min(1).optional(),
    LATCHKEY_KEY_ENVIRONMENT: z.enum(['live', 'test']).optional(),
    LATCHKEY_TRUSTED_PROXIES: trustedProxies,
    LATCHKEY_ORIGINS: origins,
    /** The routers that credentials are exchanged for, each with its public key. */
    LATCHKEY_ROUTERS: routers,
    /** `off`: neither wrong keys nor how often keys may ask is counted. For measuring; production must not run like this. */
    LATCHKEY_LIMITS: z.enum(['on', 'off']).default('on'),
    /** Where Prometheus reads; nowhere unless set. */
    LATCHKEY_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
    /** Where a collector takes traces by OTLP over HTTP; nowhere unless set. */
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
    /** Of the requests that come without a decision, how many are traced. */
    OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
    /** How long it serves on when it is told to end, so that balancers look elsewhere first. */
    LATCHKEY_DRAIN_SECONDS: count(0, 300, 0),
    /** Who brings it is told by /health/ready which part is not. */
    LATCHKEY_HEALTH_TOKEN: z.string().min(16).optional(),
    /** Whether uses of keys are recorded. */
    LATCHKEY_USAGE: z.enum(['on', 'off']).default('on'),
    LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
    /** Wrong keys from one network in ten minutes. */
    LATCHKEY_LIMIT_WRONG_KEYS: count(1, 10_000, 100),
    LATCHKEY_LIMIT_BODY_BYTES: count(1_024, 10_000_000, defaultLimits.bodyBytesMax),
    LATCHKEY_LIMIT_CHARACTERS: count(1_024, 1_000_000, defaultLimits.charactersMax),
    LATCHKEY_LIMIT_TOKENS: count(100, 100_000, defaultLimits.tokensMax),
    LATCHKEY_LIMIT_DEPTH: count(1, 100, defaultLimits.depthMax),
    LATCHKEY_LIMIT_INTROSPECTION_DEPTH: count(1, 100, defaultLimits.introspectionDepthMax),
    LATCHKEY_LIMIT_ALIASES: count(0, 10_000, defaultLimits.aliasesMax),
    LATCHKEY_LIMIT_ROOT_FIELDS: count(1, 1_000, defaultLimits.rootFieldsMax),
    LATCHKEY_LIMIT_DIRECTIVES: count(0, 10_000, defaultLimits.directivesMax),
    LATCHKEY_LIMIT_FIELDS: count(1, 100_000, defaultLimits.fieldsMax),
    LATCHKEY_COST: z.enum(costModes).default(usualCostTerms.mode),
    /** What one operation may cost. */
    LATCHKEY_COST_MAX: count(1, 1_000_000_000, usualCostTerms.max),
    /** What a person, or a network of strangers, may ask for in a minute; and what is not counted. */
    LATCHKEY_COST_PER_MINUTE: count(1, 1_000_000_000, usualCostRate.perMinute),
    LATCHKEY_COST_FREE: count(0, 1_000_000_000, usualCostRate.freeMax),
    /** Which operations are let in by whether they are registered, and the manifest they are registered in. */
    LATCHKEY_PERSISTED_OPERATIONS: z.enum(persistedLevels).default('off'),
    LATCHKEY_OPERATIONS_FILE: z.string().min(1).optional(),
    LATCHKEY_LIMIT_STREAMS: count(1, 1_000_000, usualStreamLimits.inAll),
    LATCHKEY_LIMIT_ACCOUNT_STREAMS: count(1, 100_000, usualStreamLimits.perAccount),
    LATCHKEY_LIMIT_CREDENTIAL_STREAMS: count(1, 100_000, usualStreamLimits.perCredential),
    LATCHKEY_LIMIT_KEY_REQUESTS: count(1, 1_000_000, usualRates.key.perMinute),
    LATCHKEY_LIMIT_KEY_BURST: count(1, 1_000_000, usualRates.key.burst),
    LATCHKEY_LIMIT_OWNER_REQUESTS: count(1, 1_000_000, usualRates.owner.perMinute),
    LATCHKEY_LIMIT_OWNER_BURST: count(1, 1_000_000, usualRates.owner.burst),
  })
  .refine(({ NODE_ENV, HOST }) => NODE_ENV === 'production' || loopback.includes(HOST), {
    path: ['HOST'],
    message: 'must be loopback unless NODE_ENV is production: Sandbox and /dev/mail are for this machine',
  })
  .refine(({ NODE_ENV, LATCHKEY_LIMITS }) => NODE_ENV !== 'production' || LATCHKEY_LIMITS === 'on', {
    path: ['LATCHKEY_LIMITS'],
    message: 'off is for measuring and refused in production',
  })
  .refine(
    ({ LATCHKEY_PERSISTED_OPERATIONS: level, LATCHKEY_OPERATIONS_FILE: file }) => level === 'off' || file !== undefined,
    { path: ['LATCHKEY_OPERATIONS_FILE'], message: 'must name the manifest of registered operations' },
  )

export type Config = z.infer<typeof environment>

/** Throws an Error of one line that names every mistake. */
export const parseConfig = (env: Environment): Config => readEnvironment(environment, env)

/** Without a slash at the end: token issuers and mail links start with it. */
export const publicUrlOf = ({ LATCHKEY_PUBLIC_URL }: Config): string => LATCHKEY_PUBLIC_URL.replace(/\/+$/, '')

export const keyEnvironmentOf = ({ LATCHKEY_KEY_ENVIRONMENT, NODE_ENV }: Config): KeyEnvironment =>
  LATCHKEY_KEY_ENVIRONMENT ?? (NODE_ENV === 'production' ? 'live' : 'test')

export const wrongKeyBudgetOf = (config: Config): WrongKeyBudget | 'unlimited' =>
  config.LATCHKEY_LIMITS === 'off' ? 'unlimited' : wrongKeysIn(config.LATCHKEY_LIMIT_WRONG_KEYS)

export const limitsOf = (config: Config): Partial<OperationLimits> => ({
  bodyBytesMax: config.LATCHKEY_LIMIT_BODY_BYTES,
  charactersMax: config.LATCHKEY_LIMIT_CHARACTERS,
  tokensMax: config.LATCHKEY_LIMIT_TOKENS,
  depthMax: config.LATCHKEY_LIMIT_DEPTH,
  introspectionDepthMax: config.LATCHKEY_LIMIT_INTROSPECTION_DEPTH,
  aliasesMax: config.LATCHKEY_LIMIT_ALIASES,
  rootFieldsMax: config.LATCHKEY_LIMIT_ROOT_FIELDS,
  directivesMax: config.LATCHKEY_LIMIT_DIRECTIVES,
  fieldsMax: config.LATCHKEY_LIMIT_FIELDS,
})

export const waitsOf = (config: Config): SubgraphWaits => ({
  timeoutMs: config.LATCHKEY_SUBGRAPH_TIMEOUT,
  patienceMs: config.LATCHKEY_SUBGRAPH_PATIENCE,
})

export const costOf = (config: Config): CostTerms => ({ mode: config.LATCHKEY_COST, max: config.LATCHKEY_COST_MAX })

/** `null`: nobody's costs are counted. */
export const costRateOf = (config: Config) =>
  config.LATCHKEY_COST === 'enforce' && config.LATCHKEY_LIMITS === 'on'
    ? { limit: costLimit(config.LATCHKEY_COST_PER_MINUTE), freeMax: config.LATCHKEY_COST_FREE }
    : null

export const persistedOf = (config: Config): PersistedTerms => ({
  level: config.LATCHKEY_PERSISTED_OPERATIONS,
  file: config.LATCHKEY_OPERATIONS_FILE ?? '',
})

/** How many streams may be open in this process. */
export const streamLimitsOf = (config: Config): StreamLimits => ({
  inAll: config.LATCHKEY_LIMIT_STREAMS,
  perAccount: config.LATCHKEY_LIMIT_ACCOUNT_STREAMS,
  perCredential: config.LATCHKEY_LIMIT_CREDENTIAL_STREAMS,
})

/** How often keys may ask. */
export const budgetTermsOf = (config: Config): BudgetChoice =>
  config.LATCHKEY_LIMITS === 'off'
    ? 'unlimited'
    : budgetTerms({
        key: { perMinute: config.LATCHKEY_LIMIT_KEY_REQUESTS, burst: config.LATCHKEY_LIMIT_KEY_BURST },
        owner: { perMinute: config.LATCHKEY_LIMIT_OWNER_REQUESTS, burst: config.LATCHKEY_LIMIT_OWNER_BURST },
      })
