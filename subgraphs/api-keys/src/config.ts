/** The environment of this subgraph as a process of its own. */
import { dayMs, parseDuration } from '@latchkey/clock'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'

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

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4003),
  HOST: z.string().min(1).default('127.0.0.1'),
  NODE_ENV: z.string().default('development'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be postgresql://…' }),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://…' }),
  LATCHKEY_KEYRING_FILE: z.string({ error: 'must name the keyring' }),
  /** The composed supergraph, which says what scopes there are. */
  LATCHKEY_SUPERGRAPH_FILE: z.string().min(1).optional(),
  /** Which deployment the keys made here belong to: `live` in production, else `test`. */
  LATCHKEY_KEY_ENVIRONMENT: z.enum(['live', 'test']).optional(),
  LATCHKEY_SUBGRAPH_URLS: usersUrls,
  /** How long it rests between two looks for keys that end soon. */
  LATCHKEY_KEY_NOTICE_INTERVAL: interval,
  LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
})

export type Config = z.infer<typeof environment>

export const keyEnvironmentOf = ({ LATCHKEY_KEY_ENVIRONMENT, NODE_ENV }: Config): KeyEnvironment =>
  LATCHKEY_KEY_ENVIRONMENT ?? (NODE_ENV === 'production' ? 'live' : 'test')

/** Throws an Error of one line that names every mistake. */
export const parseConfig = (env: Environment): Config => readEnvironment(environment, env)
