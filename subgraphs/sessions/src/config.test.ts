import { hourMs, minuteMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { attemptLimitOf, issuerOf, parseConfig, sessionTermsOf } from './config.ts'
import { sessionTerms } from './sessions/session.ts'

const needed = {
  DATABASE_URL: 'postgresql://127.0.0.1:5432/latchkey',
  REDIS_URL: 'redis://127.0.0.1:6379',
  LATCHKEY_KEYRING_FILE: '/etc/latchkey/keyring.json',
  LATCHKEY_PUBLIC_URL: 'https://id.example.org/',
  LATCHKEY_SUBGRAPH_URLS: 'api-keys=http://keys:4003, users=http://one:4001|http://two:4001/other',
}

it('needs only what cannot be guessed, and limits sign-in attempts unless told otherwise', () => {
  const config = parseConfig({ ...needed, PORT: '' })
  expect(config).toMatchObject({ PORT: 4002, HOST: '127.0.0.1', LATCHKEY_LOG_LEVEL: 'info' })
  expect(config.LATCHKEY_SUBGRAPH_URLS).toEqual(['http://one:4001/graphql', 'http://two:4001/other'])
  expect(attemptLimitOf(config)).toEqual({
    ...{ max: 10, windowMs: 15 * minuteMs },
    ...{ identifierMax: 100, networkMax: 50 },
  })
  expect(issuerOf(config)).toBe('https://id.example.org')
})

it('lifts the limit for measuring, and refuses to in production', () => {
  expect(attemptLimitOf(parseConfig({ ...needed, LATCHKEY_LIMITS: 'off' }))).toBe('unlimited')
  expect(() => parseConfig({ ...needed, LATCHKEY_LIMITS: 'off', NODE_ENV: 'production' })).toThrow(/LATCHKEY_LIMITS/)
})

it('takes how long sessions last, within reason', () => {
  expect(sessionTermsOf(parseConfig(needed))).toEqual(sessionTerms)
  const bank = { LATCHKEY_SESSION_IDLE: '15m', LATCHKEY_SESSION_LIFETIME: '12h' }
  const usual = { idleMs: 15 * minuteMs, absoluteMs: 12 * hourMs }
  expect(sessionTermsOf(parseConfig({ ...needed, ...bank }))).toEqual({ ...sessionTerms, usual })
  for (const text of ['1m', '401d', '7', 'never'])
    expect(() => parseConfig({ ...needed, LATCHKEY_REMEMBERED_SESSION_IDLE: text })).toThrow(/must be a duration/)
})

it.each(['api-keys=http://keys:4003', 'users=', 'users=ftp://x', 'users=http://one|'])(
  'refuses %j, which does not say where Users is',
  (urls) => {
    expect(() => parseConfig({ ...needed, LATCHKEY_SUBGRAPH_URLS: urls })).toThrow(/must name Users/)
  },
)

it('names every mistake in one line', () => {
  const mistakes = () => parseConfig({ ...needed, REDIS_URL: 'http://x', PORT: '99999', DATABASE_URL: undefined })
  expect(mistakes).toThrow(/^(?=.*REDIS_URL)(?=.*PORT)(?=.*DATABASE_URL).*$/)
})
