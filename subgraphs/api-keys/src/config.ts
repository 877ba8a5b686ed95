/** The environment of this subgraph as a process of its own. */
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { type BudgetChoice, budgetTerms, usualRates } from '@latchkey/principal/budget-terms'
import { type Environment, readEnvironment } from '@latchkey/subgraph/process'
import { logLevels } from '@latchkey/telemetry'
import { z } from 'zod'

const count = (max: number, otherwise: number) => z.coerce.number().int().min(1).max(max).default(otherwise)

const environment = z
  .object({
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
    LATCHKEY_LIMITS: z.enum(['on', 'off']).default('on'),
    LATCHKEY_LIMIT_KEY_REQUESTS: count(1_000_000, usualRates.key.perMinute),
    LATCHKEY_LIMIT_KEY_BURST: count(1_000_000, usualRates.key.burst),
    LATCHKEY_LIMIT_OWNER_REQUESTS: count(1_000_000, usualRates.owner.perMinute),
    LATCHKEY_LIMIT_OWNER_BURST: count(1_000_000, usualRates.owner.burst),
    LATCHKEY_LOG_LEVEL: z.enum(logLevels).default('info'),
  })
  .refine(({ NODE_ENV, LATCHKEY_LIMITS }) => NODE_ENV !== 'production' || LATCHKEY_LIMITS === 'on', {
    path: ['LATCHKEY_LIMITS'],
    message: 'off is for measuring and refused in production',
  })

export type Config = z.infer<typeof environment>

export const keyEnvironmentOf = ({ LATCHKEY_KEY_ENVIRONMENT, NODE_ENV }: Config): KeyEnvironment =>
  LATCHKEY_KEY_ENVIRONMENT ?? (NODE_ENV === 'production' ? 'live' : 'test')

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
