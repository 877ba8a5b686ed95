import { expect, it } from 'vitest'
import { keyEnvironmentOf, parseConfig } from './config.ts'

const whole = {
  DATABASE_URL: 'postgresql://localhost/latchkey',
  REDIS_URL: 'redis://localhost',
  LATCHKEY_KEYRING_FILE: 'keyring.json',
  LATCHKEY_SUBGRAPH_URLS: 'sessions=http://sessions:4002,users=http://one:4001|http://two:4001',
}

it('needs a database, a Redis, a keyring and where Users is, and knows the rest', () => {
  expect(parseConfig({ ...whole, PORT: '', HOME: '/root' })).toEqual({
    ...whole,
    PORT: 4003,
    HOST: '127.0.0.1',
    NODE_ENV: 'development',
    LATCHKEY_SUBGRAPH_URLS: ['http://one:4001/graphql', 'http://two:4001/graphql'],
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
