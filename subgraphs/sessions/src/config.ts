/** The environment of this subgraph as a process of its own. */

import { dayMs, minuteMs, parseDuration } from '@latchkey/clock'
import { usualPatienceMs } from '@latchkey/clock/awake'
import { kmsVariables } from '@latchkey/secrets/kms'
import { nameServersError, parseNameServers } from '@latchkey/subgraph/name-servers'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'
import type { AttemptLimit } from './attempts/limits.ts'
import type { SessionTerms } from './sessions/session.ts'

/** Of all subgraphs that are named, the addresses of Users. */
const usersUrls = z.string().transform((text, context) => {
  const urls = parseSubgraphUrls(text)?.users
  if (urls) return urls
  context.addIssue({ code: 'custom', message: 'must name Users, like users=http://users:4001' })
  return z.NEVER
})

/** Shorter than this is finer than a use of a session is noted. */
const durationMinMs = 15 * minuteMs
const durationMaxMs = 400 * dayMs

/** `30d`, `12h`. */
const duration = (otherwise: string) =>
  z
    .string()
    .default(otherwise)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms >= durationMinMs && ms <= durationMaxMs) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration from 15m to 400d, like 12h or 30d' })
      return z.NEVER
    })

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
    PORT: z.coerce.number().int().min(0).max(65_535).default(4002),
    HOST: z.string().min(1).default('127.0.0.1'),
    NODE_ENV: z.string().default('development'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }),
    LATCHKEY_KEYRING_FILE: z.string().min(1),
    ...kmsVariables,
    LATCHKEY_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
    LATCHKEY_SUBGRAPH_URLS: usersUrls,
    /** Who is asked about names in these; the machine's own unless set. */
    LATCHKEY_DNS_SERVERS: nameServers,
    LATCHKEY_LIMITS: z.enum(['on', 'off']).default('on'),
    LATCHKEY_LIMIT_SIGN_IN_ATTEMPTS: z.coerce.number().int().min(1).max(1_000).default(10),
    LATCHKEY_LIMIT_SIGN_IN_WINDOW_MINUTES: z.coerce.number().int().min(1).max(1_440).default(15),
    LATCHKEY_LIMIT_SIGN_IN_STRANGERS: z.coerce.number().int().min(1).max(1_000).default(100),
    LATCHKEY_LIMIT_SIGN_IN_NETWORK: z.coerce.number().int().min(1).max(10_000).default(50),
    /** Whether a mail signs in. */
    LATCHKEY_MAGIC_LINKS: z.enum(['on', 'off']).default('on'),
    LATCHKEY_SESSION_IDLE: duration('7d'),
    LATCHKEY_SESSION_LIFETIME: duration('30d'),
    LATCHKEY_REMEMBERED_SESSION_IDLE: duration('30d'),
    LATCHKEY_REMEMBERED_SESSION_LIFETIME: duration('90d'),
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
    LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
  })
  .refine(({ NODE_ENV, LATCHKEY_LIMITS }) => NODE_ENV !== 'production' || LATCHKEY_LIMITS === 'on', {
    path: ['LATCHKEY_LIMITS'],
    message: 'off is for measuring and refused in production',
  })

export type Config = z.infer<typeof environment>

/** Throws an Error of one line that names every mistake. */
export const parseConfig = (env: Environment): Config => readEnvironment(environment, env)

export const attemptLimitOf = (config: Config): AttemptLimit =>
  config.LATCHKEY_LIMITS === 'off'
    ? 'unlimited'
    : {
        max: config.LATCHKEY_LIMIT_SIGN_IN_ATTEMPTS,
        windowMs: config.LATCHKEY_LIMIT_SIGN_IN_WINDOW_MINUTES * minuteMs,
        identifierMax: config.LATCHKEY_LIMIT_SIGN_IN_STRANGERS,
        networkMax: config.LATCHKEY_LIMIT_SIGN_IN_NETWORK,
      }

export const sessionTermsOf = (config: Config): SessionTerms => ({
  usual: { idleMs: config.LATCHKEY_SESSION_IDLE, absoluteMs: config.LATCHKEY_SESSION_LIFETIME },
  remembered: {
    idleMs: config.LATCHKEY_REMEMBERED_SESSION_IDLE,
    absoluteMs: config.LATCHKEY_REMEMBERED_SESSION_LIFETIME,
  },
})

/** As the gateway writes it: without a slash at the end. */
export const issuerOf = ({ LATCHKEY_PUBLIC_URL }: Config): string => LATCHKEY_PUBLIC_URL.replace(/\/+$/, '')
