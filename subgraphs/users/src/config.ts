/** The environment of this subgraph as a process of its own. */

import { hourMs, minuteMs } from '@latchkey/clock'
import { usualPatienceMs } from '@latchkey/clock/awake'
import { kmsVariables } from '@latchkey/secrets/kms'
import { nameServersError, parseNameServers } from '@latchkey/subgraph/name-servers'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { parseSubgraphUrls, type SubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'
import type { EmailVerification } from './email/policy.ts'
import { languages } from './mail/language.ts'
import type { MailerChoice } from './outbox/delivery.ts'
import { parseBreachedSource } from './passwords/policy/breached-passwords.ts'
import { areNetworks } from './webhooks/reachable.ts'
import type { WebhookTerms } from './webhooks/webhooks.ts'

/** The subgraphs that hold something of a person besides Users. */
const dataHolders = ['sessions', 'api-keys']

/** Of all subgraphs that are named, the addresses of the other data holders. */
const dataHolderUrls = z.string().transform((text, context): SubgraphUrls => {
  const urls = parseSubgraphUrls(text) ?? {}
  const named = dataHolders.flatMap((name) => (urls[name] ? [[name, urls[name]] as const] : []))
  if (named.length === dataHolders.length) return Object.fromEntries(named)
  const message = 'must name Sessions and ApiKeys, like sessions=http://sessions:4002,api-keys=http://api-keys:4003'
  context.addIssue({ code: 'custom', message })
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

const webhookNetworks = z.string().transform((text, context): readonly string[] => {
  const cidrs = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  if (areNetworks(cidrs)) return cidrs
  context.addIssue({ code: 'custom', message: 'must be networks like 10.20.0.0/16,fd00:20::/32' })
  return z.NEVER
})

const environment = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(4001),
    HOST: z.string().min(1).default('127.0.0.1'),
    NODE_ENV: z.string().default('development'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }),
    LATCHKEY_KEYRING_FILE: z.string().min(1),
    ...kmsVariables,
    LATCHKEY_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
    LATCHKEY_SUBGRAPH_URLS: dataHolderUrls,
    /** Who is asked about names in these; the machine's own unless set. */
    LATCHKEY_DNS_SERVERS: nameServers,
    /** The composed supergraph, which says what scopes other subgraphs declare. */
    LATCHKEY_SUPERGRAPH_FILE: z.string().min(1).optional(),
    /** Passwords that may wait to be hashed; one more is refused. */
    LATCHKEY_LIMIT_PASSWORD_QUEUE: z.coerce.number().int().min(0).max(10_000).default(500),
    /** `off`, `online`, or the path of a file of `SHA1:count` lines in order. */
    LATCHKEY_BREACHED_PASSWORDS: z.string().min(1).optional(),
    LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE: z.enum(['allow', 'refuse']).default('allow'),
    LATCHKEY_LIMITS: z.enum(['on', 'off']).default('on'),
    /** Mails that may be asked for from one network in ten minutes. */
    LATCHKEY_LIMIT_NETWORK_MAILS: z.coerce.number().int().min(1).max(10_000).default(30),
    LATCHKEY_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
    LATCHKEY_MAIL_FROM: z.string().min(1).optional(),
    LATCHKEY_DEFAULT_LOCALE: z.enum(languages).default('en'),
    LATCHKEY_EMAIL_VERIFICATION: z.enum(['required', 'grace', 'off']).default('required'),
    LATCHKEY_EMAIL_VERIFICATION_GRACE_HOURS: z.coerce.number().int().min(1).max(8_760).default(24),
    /** Whether a device is trusted in place of a second factor, and whether that will do where a role asks for one. */
    LATCHKEY_TRUSTED_DEVICES: z.enum(['off', 'unless-demanded', 'always']).default('unless-demanded'),
    LATCHKEY_IMPERSONATION_NOTICE: z.enum(['on', 'off']).default('on'),
    /** Networks of the own house that webhooks may go to, besides public addresses; and whether without TLS. */
    LATCHKEY_WEBHOOK_NETWORKS: webhookNetworks.default([]),
    LATCHKEY_WEBHOOK_HTTP: z.enum(['on', 'off']).default('off'),
    /** A file with the JSON Schemas of the metadata. */
    LATCHKEY_PROFILE_SCHEMA: z.string().min(1).optional(),
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
  .refine(({ LATCHKEY_SMTP_URL, LATCHKEY_MAIL_FROM }) => !LATCHKEY_SMTP_URL || LATCHKEY_MAIL_FROM, {
    path: ['LATCHKEY_MAIL_FROM'],
    message: 'must be set with LATCHKEY_SMTP_URL: who mails are from',
  })
  .refine(({ NODE_ENV, LATCHKEY_LIMITS }) => NODE_ENV !== 'production' || LATCHKEY_LIMITS === 'on', {
    path: ['LATCHKEY_LIMITS'],
    message: 'off is for measuring and refused in production',
  })
  .refine(({ NODE_ENV, LATCHKEY_WEBHOOK_HTTP }) => NODE_ENV !== 'production' || LATCHKEY_WEBHOOK_HTTP === 'off', {
    path: ['LATCHKEY_WEBHOOK_HTTP'],
    message: 'on is for developing and refused in production',
  })

/** Digits of hashes leave the house in production only, and there unless somebody says otherwise. */
export const breachedPasswordsOf = (config: Config) => {
  const otherwise = config.NODE_ENV === 'production' ? 'online' : 'off'
  const source = parseBreachedSource(config.LATCHKEY_BREACHED_PASSWORDS ?? otherwise)
  return { source, whenUnknown: config.LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE }
}

export type Config = z.infer<typeof environment>

/** Throws an Error of one line that names every mistake. */
export const parseConfig = (env: Environment): Config => readEnvironment(environment, env)

/** The mailbox shows every mail to whoever asks, so it exists only where nobody else can ask. */
export function mailerOf({ NODE_ENV, LATCHKEY_SMTP_URL: url, LATCHKEY_MAIL_FROM: from }: Config): MailerChoice {
  if (url && from) return { url, from }
  return NODE_ENV === 'production' ? 'undelivered' : 'mailbox'
}

export function emailVerificationOf(config: Config): EmailVerification {
  if (config.LATCHKEY_EMAIL_VERIFICATION !== 'grace') return { kind: config.LATCHKEY_EMAIL_VERIFICATION }
  return { kind: 'grace', graceMs: config.LATCHKEY_EMAIL_VERIFICATION_GRACE_HOURS * hourMs }
}

export const impersonationNoticeOf = ({ LATCHKEY_IMPERSONATION_NOTICE }: Config) =>
  LATCHKEY_IMPERSONATION_NOTICE === 'on' ? ('mail' as const) : ('none' as const)

export const mailsPerNetworkOf = ({ LATCHKEY_LIMITS, LATCHKEY_LIMIT_NETWORK_MAILS: max }: Config) =>
  LATCHKEY_LIMITS === 'off' ? ('unlimited' as const) : { max, windowMs: 10 * minuteMs }

export const webhooksOf = ({ LATCHKEY_WEBHOOK_NETWORKS, LATCHKEY_WEBHOOK_HTTP }: Config): WebhookTerms => ({
  networks: LATCHKEY_WEBHOOK_NETWORKS,
  plainHttp: LATCHKEY_WEBHOOK_HTTP === 'on' ? 'taken' : 'refused',
})
