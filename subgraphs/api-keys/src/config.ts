/** The environment of this subgraph as a process of its own. */

import { dayMs, parseDuration } from '@latchkey/clock'
import { usualPatienceMs } from '@latchkey/clock/awake'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { type BudgetChoice, budgetTerms, usualRates } from '@latchkey/principal/budget-terms'
import { parseTrustedServices, trustedServicesError } from '@latchkey/principal/trusted-services'
import { type WrongKeyBudget, wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { kmsVariables } from '@latchkey/secrets/kms'
import { nameServersError, parseNameServers } from '@latchkey/subgraph/name-servers'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'
import type { Retention } from './usage/store.ts'

/** Whole days, in milliseconds. */
const days = (otherwise: string) =>
  z
    .string()
    .default(otherwise)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms >= dayMs && ms <= 1_000 * dayMs) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration from 1d to 1000d' })
      return z.NEVER
    })

/** Of all subgraphs that are named, the addresses of Users. */
const usersUrls = z.string({ error: 'must name Users, like users=http://users:4001' }).transform((text, context) => {
  const urls = parseSubgraphUrls(text)?.users
  if (urls) return urls
  context.addIssue({ code: 'custom', message: 'must name Users, like users=http://users:4001' })
  return z.NEVER
})

/** `5m`, `1h`. */
const interval = z
  .string()
  .default('5m')
  .transform((text, context) => {
    const ms = parseDuration(text)
    if (ms !== null && ms <= dayMs) return ms
    context.addIssue({ code: 'custom', message: 'must be a duration of at most 1d, like 5m' })
    return z.NEVER
  })

const verifiers = z
  .string()
  .default('')
  .transform((text, context) => {
    const services = parseTrustedServices(text)
    if (services) return services
    context.addIssue({ code: 'custom', message: trustedServicesError })
    return z.NEVER
  })

const count = (max: number, otherwise: number) => z.coerce.number().int().min(1).max(max).default(otherwise)

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
    PORT: z.coerce.number().int().min(0).max(65_535).default(4003),
    HOST: z.string().min(1).default('127.0.0.1'),
    NODE_ENV: z.string().default('development'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be postgresql://…' }),
    REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://…' }),
    LATCHKEY_KEYRING_FILE: z.string({ error: 'must name the keyring' }),
    ...kmsVariables,
    /** The composed supergraph, which says what scopes there are. */
    LATCHKEY_SUPERGRAPH_FILE: z.string().min(1).optional(),
    /** Which deployment the keys made here belong to: `live` in production, else `test`. */
    LATCHKEY_KEY_ENVIRONMENT: z.enum(['live', 'test']).optional(),
    /** Where Prometheus reads; nowhere unless set. */
    LATCHKEY_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
    /** Where a collector takes traces by OTLP over HTTP; nowhere unless set. */
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
    /** Of the requests that come without a decision, how many are traced. */
    OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
    /** Connections to Postgres at most, besides the one that asks for signs of life. */
    LATCHKEY_DATABASE_POOL: z.coerce.number().int().min(2).max(500).default(10),
    /** How many milliseconds Postgres and Redis may give no sign of life. */
    LATCHKEY_STORE_PATIENCE: z.coerce.number().int().min(50).max(30_000).default(usualPatienceMs),
    /** Of a replica that lists are read from; the database itself unless set. */
    LATCHKEY_DATABASE_REPLICA_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    /** By how many seconds it may be behind. */
    LATCHKEY_DATABASE_REPLICA_LAG: z.coerce.number().int().min(1).max(300).default(5),
    /** Rows that are over and are removed in one statement. */
    LATCHKEY_CLEANUP_BATCH: z.coerce.number().int().min(10).max(10_000).default(1_000),
    /** How long audit records are kept, in days. */
    LATCHKEY_AUDIT_KEPT: z.coerce.number().int().min(30).max(36_500).default(400),
    /** How long it serves on when it is told to end, so that whoever asks it looks elsewhere first. */
    LATCHKEY_DRAIN_SECONDS: z.coerce.number().int().min(0).max(300).default(0),
    /** Who brings it is told by /health/ready which part is not. */
    LATCHKEY_HEALTH_TOKEN: z.string().min(16).optional(),
    /** How long uses of keys are told by the minute, by the hour and by the day. */
    LATCHKEY_USAGE_MINUTES_KEPT: days('2d'),
    LATCHKEY_USAGE_HOURS_KEPT: days('30d'),
    LATCHKEY_USAGE_DAYS_KEPT: days('400d'),
    LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
    LATCHKEY_SUBGRAPH_URLS: usersUrls,
    /** Who is asked about names in these; the machine's own unless set. */
    LATCHKEY_DNS_SERVERS: nameServers,
    /** How long it rests between two looks for keys that end soon. */
    LATCHKEY_KEY_NOTICE_INTERVAL: interval,
    LATCHKEY_LIMITS: z.enum(['on', 'off']).default('on'),
    /** Wrong keys from one network in ten minutes. */
    LATCHKEY_LIMIT_WRONG_KEYS: z.coerce.number().int().min(1).max(10_000).default(100),
    LATCHKEY_LIMIT_KEY_REQUESTS: count(1_000_000, usualRates.key.perMinute),
    LATCHKEY_LIMIT_KEY_BURST: count(1_000_000, usualRates.key.burst),
    LATCHKEY_LIMIT_OWNER_REQUESTS: count(1_000_000, usualRates.owner.perMinute),
    LATCHKEY_LIMIT_OWNER_BURST: count(1_000_000, usualRates.owner.burst),
    /** Services of other teams that may ask what a key is worth. */
    LATCHKEY_KEY_VERIFIERS: verifiers,
  })
  .refine(({ NODE_ENV, LATCHKEY_LIMITS }) => NODE_ENV !== 'production' || LATCHKEY_LIMITS === 'on', {
    path: ['LATCHKEY_LIMITS'],
    message: 'off is for measuring and refused in production',
  })

export type Config = z.infer<typeof environment>

export const keyEnvironmentOf = ({ LATCHKEY_KEY_ENVIRONMENT, NODE_ENV }: Config): KeyEnvironment =>
  LATCHKEY_KEY_ENVIRONMENT ?? (NODE_ENV === 'production' ? 'live' : 'test')

export const wrongKeyBudgetOf = (config: Config): WrongKeyBudget | 'unlimited' =>
  config.LATCHKEY_LIMITS === 'off' ? 'unlimited' : wrongKeysIn(config.LATCHKEY_LIMIT_WRONG_KEYS)

export const usageKeptOf = (config: Config): Retention => ({
  minutes: config.LATCHKEY_USAGE_MINUTES_KEPT,
  hours: config.LATCHKEY_USAGE_HOURS_KEPT,
  days: config.LATCHKEY_USAGE_DAYS_KEPT,
})

/** How often keys may ask. */
export const budgetTermsOf = (config: Config): BudgetChoice =>
  config.LATCHKEY_LIMITS === 'off'
    ? 'unlimited'
    : budgetTerms({
        key: { perMinute: config.LATCHKEY_LIMIT_KEY_REQUESTS, burst: config.LATCHKEY_LIMIT_KEY_BURST },
        owner: { perMinute: config.LATCHKEY_LIMIT_OWNER_REQUESTS, burst: config.LATCHKEY_LIMIT_OWNER_BURST },
      })

/** Throws an Error of one line that names every mistake. */
export const parseConfig = (env: Environment): Config => readEnvironment(environment, env)
