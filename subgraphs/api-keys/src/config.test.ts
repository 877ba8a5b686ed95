import { expect, it } from 'vitest'
import { budgetTermsOf, keyEnvironmentOf, parseConfig } from './config.ts'

const whole = {
  DATABASE_URL: 'postgresql://localhost/latchkey',
  REDIS_URL: 'redis://localhost',
  LATCHKEY_KEYRING_FILE: 'keyring.json',
}

it('needs a database, a Redis and a keyring, and knows the rest', () => {
  expect(parseConfig({ ...whole, PORT: '', HOME: '/root' })).toEqual({
    ...whole,
    PORT: 4003,
    HOST: '127.0.0.1',
    NODE_ENV: 'development',
    LATCHKEY_LIMITS: 'on',
    LATCHKEY_LIMIT_KEY_REQUESTS: 600,
    LATCHKEY_LIMIT_KEY_BURST: 100,
    LATCHKEY_LIMIT_OWNER_REQUESTS: 6_000,
    LATCHKEY_LIMIT_OWNER_BURST: 1_000,
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
    parseConfig({ ...whole, DATABASE_URL: 'mysql://x', PORT: '70000', LATCHKEY_KEYRING_FILE: undefined })
  expect(refused).toThrow(/^PORT: .+; DATABASE_URL: .+; LATCHKEY_KEYRING_FILE: [^\n]+$/)
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
