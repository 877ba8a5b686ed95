import { describe, expect, it } from 'vitest'
import { breachedPasswordsOf, mailerOf, parseConfig, webhooksOf } from './config.ts'

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

  it('says where webhooks may go besides public addresses, without TLS only outside of production', () => {
    const chosen = (env: Record<string, string>) => webhooksOf(parseConfig({ ...whole, ...env }))
    expect(chosen({})).toEqual({ networks: [], plainHttp: 'refused' })
    const own = { LATCHKEY_WEBHOOK_NETWORKS: '10.20.0.0/16, fd00:20::/32', LATCHKEY_WEBHOOK_HTTP: 'on' }
    expect(chosen(own)).toEqual({ networks: ['10.20.0.0/16', 'fd00:20::/32'], plainHttp: 'taken' })
    expect(() => chosen({ ...own, NODE_ENV: 'production' })).toThrow(/LATCHKEY_WEBHOOK_HTTP/)
    for (const networks of ['10.0.0.0', '10.0.0.0/33', 'inside', '10.0.0.0/8/8'])
      expect(() => chosen({ LATCHKEY_WEBHOOK_NETWORKS: networks })).toThrow(/LATCHKEY_WEBHOOK_NETWORKS/)
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
