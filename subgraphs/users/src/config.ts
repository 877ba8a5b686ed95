/** The environment of this subgraph as a process of its own. */
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { parseSubgraphUrls, type SubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'
import { parseBreachedSource } from './passwords/policy/breached-passwords.ts'

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

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4001),
  HOST: z.string().min(1).default('127.0.0.1'),
  NODE_ENV: z.string().default('development'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  LATCHKEY_KEYRING_FILE: z.string().min(1),
  LATCHKEY_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
  LATCHKEY_SUBGRAPH_URLS: dataHolderUrls,
  /** The composed supergraph, which says what scopes other subgraphs declare. */
  LATCHKEY_SUPERGRAPH_FILE: z.string().min(1).optional(),
  /** Passwords that may wait to be hashed; one more is refused. */
  LATCHKEY_LIMIT_PASSWORD_QUEUE: z.coerce.number().int().min(0).max(10_000).default(500),
  /** `off`, `online`, or the path of a file of `SHA1:count` lines in order. */
  LATCHKEY_BREACHED_PASSWORDS: z.string().min(1).optional(),
  LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE: z.enum(['allow', 'refuse']).default('allow'),
  LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
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
export const mailerOf = ({ NODE_ENV }: Config) =>
  NODE_ENV === 'production' ? ('undelivered' as const) : ('mailbox' as const)
