import { dayMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { keyEnvironmentOf, parseConfig } from './config.ts'

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
    LATCHKEY_USAGE_MINUTES_KEPT: 2 * dayMs,
    LATCHKEY_USAGE_HOURS_KEPT: 30 * dayMs,
    LATCHKEY_USAGE_DAYS_KEPT: 400 * dayMs,
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
