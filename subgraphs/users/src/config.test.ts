import { describe, expect, it } from 'vitest'
import { breachedPasswordsOf, mailerOf, parseConfig } from './config.ts'

const whole = {
  DATABASE_URL: 'postgresql://localhost/latchkey',
  REDIS_URL: 'redis://localhost',
  LATCHKEY_KEYRING_FILE: 'keyring.json',
  LATCHKEY_PUBLIC_URL: 'http://localhost:4000',
  LATCHKEY_SUBGRAPH_URLS:
    'users=http://one:4001,sessions=http://two:4002|http://three:4002,api-keys=http://four:4003/x',
}

describe('the environment', () => {
  it('needs the stores, the keyring, the public address and the other data holders, and nothing else', () => {
    expect(parseConfig(whole)).toMatchObject({ PORT: 4001, HOST: '127.0.0.1', LATCHKEY_LIMIT_PASSWORD_QUEUE: 500 })
  })

  it('knows where the other data holders are, and needs to', () => {
    expect(parseConfig(whole).LATCHKEY_SUBGRAPH_URLS).toEqual({
      sessions: ['http://two:4002/graphql', 'http://three:4002/graphql'],
      'api-keys': ['http://four:4003/x'],
    })
    for (const urls of ['sessions=http://two:4002', 'api-keys=http://four', 'sessions=x', ''])
      expect(() => parseConfig({ ...whole, LATCHKEY_SUBGRAPH_URLS: urls })).toThrow(/LATCHKEY_SUBGRAPH_URLS: /)
  })

  it('is refused in one line that names every mistake', () => {
    const refused = () => parseConfig({ ...whole, DATABASE_URL: 'mysql://x', REDIS_URL: '', PORT: 'http' })
    expect(refused).toThrow(/^PORT: .*; DATABASE_URL: .*; REDIS_URL: .*$/)
  })

  it('asks about breached passwords in production, unless told otherwise', () => {
    const chosen = (env: Record<string, string>) => breachedPasswordsOf(parseConfig({ ...whole, ...env }))
    expect(chosen({})).toEqual({ source: { kind: 'off' }, whenUnknown: 'allow' })
    expect(chosen({ NODE_ENV: 'production' }).source).toEqual({ kind: 'online' })
    expect(chosen({ NODE_ENV: 'production', LATCHKEY_BREACHED_PASSWORDS: 'off' }).source).toEqual({ kind: 'off' })
    expect(chosen({ LATCHKEY_BREACHED_PASSWORDS: '/data/sha1.txt' }).source).toEqual({
      kind: 'file',
      path: '/data/sha1.txt',
    })
    expect(chosen({ LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE: 'refuse' }).whenUnknown).toBe('refuse')
    expect(() => chosen({ LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE: 'perhaps' })).toThrow('UNAVAILABLE')
  })

  it('opens no mailbox in production', () => {
    expect(mailerOf(parseConfig({ ...whole, NODE_ENV: 'production' }))).toBe('undelivered')
    expect(mailerOf(parseConfig({ ...whole }))).toBe('mailbox')
  })
})
