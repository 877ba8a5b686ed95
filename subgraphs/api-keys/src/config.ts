/** The environment of this subgraph as a process of its own. */
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'

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
  /** Where Prometheus reads; nowhere unless set. */
  LATCHKEY_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
})

export type Config = z.infer<typeof environment>

export const keyEnvironmentOf = ({ LATCHKEY_KEY_ENVIRONMENT, NODE_ENV }: Config): KeyEnvironment =>
  LATCHKEY_KEY_ENVIRONMENT ?? (NODE_ENV === 'production' ? 'live' : 'test')

/** Throws an Error of one line that names every mistake. */
export const parseConfig = (env: Environment): Config => readEnvironment(environment, env)
