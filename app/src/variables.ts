/** Every variable Latchkey reads: what it may hold, and what it holds when nobody says. */
import { BlockList, isIP } from 'node:net'
import { dayMs, minuteMs, parseDuration } from '@latchkey/clock'
import { usualPatienceMs } from '@latchkey/clock/awake'
import { originsError, parseOrigins } from '@latchkey/gateway/origins'
import { usualRates } from '@latchkey/principal/budget-terms'
import { usualCostRate } from '@latchkey/principal/cost-budgets'
import { parseTrustedServices, trustedServicesError } from '@latchkey/principal/trusted-services'
import { kmsVariables } from '@latchkey/secrets/kms'
import { nameServersError, parseNameServers } from '@latchkey/subgraph/name-servers'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { usualWaits } from '@latchkey/subgraph/waits'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'

/** A whole number, in words and in bounds. */
function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,12}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

const count = (min: number, max: number, otherwise: number) => wholeNumber(min, max).prefault(String(otherwise))

/** `30d`, `12h`: between what a use is noted by and what browsers keep a cookie for. */
const duration = (otherwise: string) =>
  z
    .string()
    .prefault(otherwise)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms >= 15 * minuteMs && ms <= 400 * dayMs) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration from 15m to 400d, like 12h or 30d' })
      return z.NEVER
    })

/** As long as uses of keys may be told. */
const days = (otherwise: string) =>
  z
    .string()
    .prefault(otherwise)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms >= dayMs && ms <= 1_000 * dayMs) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration from 1d to 1000d, like 30d' })
      return z.NEVER
    })

/** How many of all, from none to every one. */
const share = (otherwise: number) => {
  const error = 'must be a number from 0 to 1, like 0.1'
  return z.coerce.number({ error }).min(0, { error }).max(1, { error }).prefault(otherwise)
}

/** `5m`, `1h`: how often something is looked at. */
const interval = (otherwise: string) =>
  z
    .string()
    .prefault(otherwise)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms <= dayMs) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration of at most 1d, like 5m' })
      return z.NEVER
    })

const address = (protocols: readonly string[], example: string) =>
  z.string().refine((text) => isAddress(text, protocols), { error: `must be an address like ${example}` })

function isAddress(text: string, protocols: readonly string[]): boolean {
  try {
    const { protocol, hostname } = new URL(text)
    return protocols.includes(protocol) && hostname !== ''
  } catch {
    return false
  }
}

const choice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `must be ${values.join(' or ')}` })

const proxiesError = 'must be a number of hops, or networks like 10.0.0.0/8,fd00::/8'

const trustedProxies = z.string().transform((text, context) => {
  if (/^\d{1,2}$/.test(text)) return { kind: 'hops', count: Number(text) } as const
  const cidrs = text.split(',').map((part) => part.trim())
  if (!cidrs.every(isNetwork)) context.addIssue({ code: 'custom', message: proxiesError })
  return { kind: 'networks', cidrs } as const
})

/** Networks that webhooks may go to besides public addresses. */
const webhookNetworks = z
  .string()
  .prefault('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
  .refine((cidrs) => cidrs.every(isNetwork), { error: 'must be networks like 10.20.0.0/16,fd00:20::/32' })

function isNetwork(cidr: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/')
  const family = isIP(network)
  if (!family || !/^\d{1,3}$/.test(prefix)) return false
  try {
    new BlockList().addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
    return true
  } catch {
    return false
  }
}

const urlsError = 'must be like users=http://users:4001,sessions=http://one:4002|http://two:4002'

const subgraphUrls = z.string().transform((text, context) => {
  const urls = parseSubgraphUrls(text)
  if (urls) return urls
  context.addIssue({ code: 'custom', message: urlsError })
  return z.NEVER
})

const nameServers = z.string().transform((text, context) => {
  const servers = parseNameServers(text)
  if (servers) return servers
  context.addIssue({ code: 'custom', message: nameServersError })
  return z.NEVER
})

const trustedServices = z.string().transform((text, context) => {
  const services = parseTrustedServices(text)
  if (services) return services
  context.addIssue({ code: 'custom', message: trustedServicesError })
  return z.NEVER
})

const origins = z.string().transform((text, context) => {
  const parsed = parseOrigins(text)
  if (parsed) return parsed
  context.addIssue({ code: 'custom', message: originsError })
  return z.NEVER
})

const sender = z.string().regex(/^(?:[^<>\r\n]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, {
  error: 'must be an address, or a name and an address like Latchkey <no-reply@id.example.org>',
})

export const variables = z.object({
  NODE_ENV: choice(['development', 'production', 'test']).prefault('development'),
  PORT: count(0, 65_535, 4000),
  HOST: z.string().optional(),
  DATABASE_URL: address(['postgres:', 'postgresql:'], 'postgresql://user:password@host:5432/database').optional(),
  REDIS_URL: address(['redis:', 'rediss:'], 'redis://:password@host:6379').optional(),
  LATCHKEY_DATA_DIR: z.string().prefault('.latchkey'),
  LATCHKEY_KEYRING_FILE: z.string().optional(),
  ...kmsVariables,
  LATCHKEY_EMBEDDED: choice(['allow']).optional(),
  LATCHKEY_LIMITS: choice(['on', 'off']).prefault('on'),
  LATCHKEY_TRUSTED_PROXIES: trustedProxies.optional(),
  LATCHKEY_ORIGINS: origins.optional(),
  LATCHKEY_LOG_LEVEL: choice(logLevels).prefault('info'),
  LATCHKEY_METRICS_PORT: wholeNumber(1, 65_535).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(['http:', 'https:'], 'http://collector:4318').optional(),
  OTEL_TRACES_SAMPLER_ARG: share(1),
  LATCHKEY_DATABASE_POOL: count(2, 500, 10),
  LATCHKEY_STORE_PATIENCE: count(50, 30_000, usualPatienceMs),
  LATCHKEY_DATABASE_REPLICA_URL: address(
    ['postgres:', 'postgresql:'],
    'postgresql://user:password@host:5432/database',
  ).optional(),
  LATCHKEY_DATABASE_REPLICA_LAG: count(1, 300, 5),
  LATCHKEY_CLEANUP_BATCH: count(10, 10_000, 1_000),
  LATCHKEY_AUDIT_KEPT: count(30, 36_500, 400),
  LATCHKEY_DRAIN_SECONDS: count(0, 300, 0),
  LATCHKEY_HEALTH_TOKEN: z.string().min(16, { error: 'must be a text of 16 characters or more' }).optional(),
  LATCHKEY_PUBLIC_URL: address(['http:', 'https:'], 'https://id.example.org').optional(),
  LATCHKEY_KEY_ENVIRONMENT: choice(['live', 'test']).optional(),
  LATCHKEY_KEY_VERIFIERS: trustedServices.optional(),
  LATCHKEY_ROUTERS: trustedServices.optional(),
  LATCHKEY_SUBGRAPH_URLS: subgraphUrls.optional(),
  LATCHKEY_DNS_SERVERS: nameServers.optional(),
  LATCHKEY_SUBGRAPH_TIMEOUT: count(100, 300_000, usualWaits.timeoutMs),
  LATCHKEY_SUBGRAPH_PATIENCE: count(50, 60_000, usualWaits.patienceMs),
  LATCHKEY_SUPERGRAPH_FILE: z.string().optional(),
  LATCHKEY_POLICIES_FILE: z.string().optional(),
  LATCHKEY_AUTHORIZATION: choice(['reject', 'filter']).prefault('reject'),
  LATCHKEY_INTROSPECTION: choice(['off', 'filtered', 'open']).optional(),
  LATCHKEY_OVERLOAD: choice(['shed', 'off']).optional(),
  LATCHKEY_SUPERGRAPH_CONFIG: z.string().optional(),
  LATCHKEY_REPLICAS: count(1, 8, 1),
  LATCHKEY_LIMIT_BODY_BYTES: count(1_024, 10_000_000, 262_144),
  LATCHKEY_LIMIT_CHARACTERS: count(1_024, 1_000_000, 65_536),
  LATCHKEY_LIMIT_TOKENS: count(100, 100_000, 2_000),
  LATCHKEY_LIMIT_DEPTH: count(1, 100, 12),
  LATCHKEY_LIMIT_INTROSPECTION_DEPTH: count(1, 100, 20),
  LATCHKEY_LIMIT_ALIASES: count(0, 10_000, 15),
  LATCHKEY_LIMIT_ROOT_FIELDS: count(1, 1_000, 10),
  LATCHKEY_LIMIT_DIRECTIVES: count(0, 10_000, 50),
  LATCHKEY_LIMIT_FIELDS: count(1, 100_000, 500),
  LATCHKEY_COST: choice(['off', 'measure', 'enforce']).prefault('enforce'),
  LATCHKEY_COST_MAX: count(1, 1_000_000_000, 10_000),
  LATCHKEY_COST_PER_MINUTE: count(1, 1_000_000_000, usualCostRate.perMinute),
  LATCHKEY_COST_FREE: count(0, 1_000_000_000, usualCostRate.freeMax),
  LATCHKEY_PERSISTED_OPERATIONS: choice(['off', 'log-unknown', 'safelist', 'ids-only']).prefault('off'),
  LATCHKEY_OPERATIONS_FILE: z.string().optional(),
  LATCHKEY_LIMIT_SIGN_IN_ATTEMPTS: count(1, 1_000, 10),
  LATCHKEY_LIMIT_SIGN_IN_WINDOW_MINUTES: count(1, 1_440, 15),
  LATCHKEY_LIMIT_SIGN_IN_STRANGERS: count(1, 1_000, 100),
  LATCHKEY_LIMIT_SIGN_IN_NETWORK: count(1, 10_000, 50),
  LATCHKEY_LIMIT_WRONG_KEYS: count(1, 10_000, 100),
  LATCHKEY_LIMIT_KEY_REQUESTS: count(1, 1_000_000, usualRates.key.perMinute),
  LATCHKEY_LIMIT_KEY_BURST: count(1, 1_000_000, usualRates.key.burst),
  LATCHKEY_LIMIT_OWNER_REQUESTS: count(1, 1_000_000, usualRates.owner.perMinute),
  LATCHKEY_LIMIT_OWNER_BURST: count(1, 1_000_000, usualRates.owner.burst),
  LATCHKEY_LIMIT_STREAMS: count(1, 1_000_000, 10_000),
  LATCHKEY_LIMIT_ACCOUNT_STREAMS: count(1, 100_000, 60),
  LATCHKEY_LIMIT_CREDENTIAL_STREAMS: count(1, 100_000, 20),
  LATCHKEY_KEY_NOTICE_INTERVAL: interval('5m'),
  LATCHKEY_SESSION_IDLE: duration('7d'),
  LATCHKEY_SESSION_LIFETIME: duration('30d'),
  LATCHKEY_REMEMBERED_SESSION_IDLE: duration('30d'),
  LATCHKEY_REMEMBERED_SESSION_LIFETIME: duration('90d'),
  LATCHKEY_LIMIT_PASSWORD_QUEUE: count(0, 10_000, 500),
  LATCHKEY_BREACHED_PASSWORDS: z.string().optional(),
  LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE: choice(['allow', 'refuse']).prefault('allow'),
  LATCHKEY_LIMIT_NETWORK_MAILS: count(1, 10_000, 30),
  LATCHKEY_SMTP_URL: address(['smtp:', 'smtps:'], 'smtp://user:password@host:587').optional(),
  LATCHKEY_MAIL_FROM: sender.optional(),
  LATCHKEY_DEFAULT_LOCALE: choice(['en', 'de']).prefault('en'),
  LATCHKEY_EMAIL_VERIFICATION: choice(['required', 'grace', 'off']).prefault('required'),
  LATCHKEY_EMAIL_VERIFICATION_GRACE_HOURS: count(1, 8_760, 24),
  LATCHKEY_MAGIC_LINKS: choice(['on', 'off']).prefault('on'),
  LATCHKEY_TRUSTED_DEVICES: choice(['off', 'unless-demanded', 'always']).prefault('unless-demanded'),
  LATCHKEY_IMPERSONATION_NOTICE: choice(['on', 'off']).prefault('on'),
  LATCHKEY_PROFILE_SCHEMA: z.string().optional(),
  LATCHKEY_WEBHOOK_NETWORKS: webhookNetworks,
  LATCHKEY_WEBHOOK_HTTP: choice(['on', 'off']).prefault('off'),
  LATCHKEY_USAGE: choice(['on', 'off']).prefault('on'),
  LATCHKEY_USAGE_MINUTES_KEPT: days('2d'),
  LATCHKEY_USAGE_HOURS_KEPT: days('30d'),
  LATCHKEY_USAGE_DAYS_KEPT: days('400d'),
})

export type Variables = z.infer<typeof variables>
export type VariableName = keyof Variables

export const variableNames: readonly string[] = Object.keys(variables.shape)

/** Their values hold passwords, and are never shown. */
export const secretVariables: readonly string[] = [
  'DATABASE_URL',
  'LATCHKEY_DATABASE_REPLICA_URL',
  'REDIS_URL',
  'LATCHKEY_SMTP_URL',
  'LATCHKEY_HEALTH_TOKEN',
] satisfies VariableName[]
