import { generateKeyPairSync } from 'node:crypto'
import { dayMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { budgetTermsOf, keyEnvironmentOf, parseConfig, wrongKeyBudgetOf } from './config.ts'

const whole = {
  DATABASE_URL: 'postgresql://localhost/latchkey',
  REDIS_URL: 'redis://localhost',
  LATCHKEY_KEYRING_FILE: 'keyring.json',
  LATCHKEY_SUBGRAPH_URLS: 'sessions=http://sessions:4002,users=http://one:4001|http://two:4001',
}

it('needs a database, a Redis, a keyring and where Users is, and knows the rest', () => {
  expect(parseConfig({ ...whole, PORT: '', HOME: '/root' })).toEqual({
    ...whole,
    LATCHKEY_SUBGRAPH_URLS: ['http://one:4001/graphql', 'http://two:4001/graphql'],
    LATCHKEY_KEY_VERIFIERS: {},
    LATCHKEY_LIMIT_WRONG_KEYS: 100,
    PORT: 4003,
    HOST: '127.0.0.1',
    NODE_ENV: 'development',
    LATCHKEY_DRAIN_SECONDS: 0,
    LATCHKEY_DNS_SERVERS: [],
    LATCHKEY_DATABASE_POOL: 10,
    LATCHKEY_STORE_PATIENCE: 200,
    LATCHKEY_DATABASE_REPLICA_LAG: 5,
    LATCHKEY_CLEANUP_BATCH: 1_000,
    LATCHKEY_AUDIT_KEPT: 400,
    OTEL_TRACES_SAMPLER_ARG: 1,
    LATCHKEY_USAGE_MINUTES_KEPT: 2 * dayMs,
    LATCHKEY_USAGE_HOURS_KEPT: 30 * dayMs,
    LATCHKEY_USAGE_DAYS_KEPT: 400 * dayMs,
    LATCHKEY_LIMITS: 'on',
    LATCHKEY_LIMIT_KEY_REQUESTS: 600,
    LATCHKEY_LIMIT_KEY_BURST: 100,
    LATCHKEY_LIMIT_OWNER_REQUESTS: 6_000,
    LATCHKEY_LIMIT_OWNER_BURST: 1_000,
    LATCHKEY_KEY_NOTICE_INTERVAL: 300_000,
    LATCHKEY_LOG_LEVEL: 'info',
  })
})

it('makes live keys in production and test keys elsewhere, unless told', () => {
  const environmentOf = (env: Record<string, string>) => keyEnvironmentOf(parseConfig({ ...whole, ...env }))
  expect(environmentOf({})).toBe('test')
  expect(environmentOf({ NODE_ENV: 'production' })).toBe('live')
  expect(environmentOf({ NODE_ENV: 'production', LATCHKEY_KEY_ENVIRONMENT: 'test' })).toBe('test')
})

it('names every mistake in one line', () => {
  const refused = () =>
    parseConfig({
      ...{ ...whole, DATABASE_URL: 'mysql://x', PORT: '70000', LATCHKEY_KEYRING_FILE: undefined },
      ...{ LATCHKEY_SUBGRAPH_URLS: 'sessions=http://sessions:4002', LATCHKEY_KEY_NOTICE_INTERVAL: '2d' },
    })
  expect(refused).toThrow(
    /^PORT: .+; DATABASE_URL: .+; LATCHKEY_KEYRING_FILE: .+; LATCHKEY_SUBGRAPH_URLS: .+; LATCHKEY_KEY_NOTICE_INTERVAL: [^\n]+$/,
  )
})

it('counts wrong keys, unless one measures, which production does not', () => {
  expect(wrongKeyBudgetOf(parseConfig(whole))).toEqual({ max: 100, windowMs: 600_000 })
  expect(wrongKeyBudgetOf(parseConfig({ ...whole, LATCHKEY_LIMITS: 'off' }))).toBe('unlimited')
  expect(() => parseConfig({ ...whole, NODE_ENV: 'production', LATCHKEY_LIMITS: 'off' })).toThrow(/^LATCHKEY_LIMITS: /)
})

it('takes no service of another team for one of ours', () => {
  const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  expect(parseConfig({ ...whole, LATCHKEY_KEY_VERIFIERS: `billing=${key}` }).LATCHKEY_KEY_VERIFIERS).toHaveProperty(
    'billing',
  )
  expect(() => parseConfig({ ...whole, LATCHKEY_KEY_VERIFIERS: `gateway=${key}` })).toThrow(/^LATCHKEY_KEY_VERIFIERS: /)
})

it('limits how often keys may ask, and lifts that for measuring alone', () => {
  const terms = (env: Record<string, string>) => budgetTermsOf(parseConfig({ ...whole, ...env }))
  expect(terms({ LATCHKEY_LIMIT_KEY_REQUESTS: '60', LATCHKEY_LIMIT_OWNER_BURST: '7' })).toEqual({
    key: { name: 'default', limit: 60, windowSeconds: 60, burst: 100 },
    owner: { name: 'owner', limit: 6_000, windowSeconds: 60, burst: 7 },
  })
  expect(terms({ LATCHKEY_LIMITS: 'off' })).toBe('unlimited')
  expect(() => terms({ LATCHKEY_LIMITS: 'off', NODE_ENV: 'production' })).toThrow(/LATCHKEY_LIMITS/)
})
