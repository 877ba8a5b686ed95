import { describe, expect, it } from 'vitest'
import { defaultLimits } from './authorize/operation-limits.ts'
import { keyEnvironmentOf, limitsOf, parseConfig, publicUrlOf } from './config.ts'

const whole = {
  REDIS_URL: 'redis://localhost:6379',
  LATCHKEY_KEYRING_FILE: 'keyring.json',
  LATCHKEY_PUBLIC_URL: 'http://localhost:4000/',
}

describe('the environment of the gateway', () => {
  it('has the stated defaults', () => {
    const config = parseConfig({ ...whole, HOST: '' })
    expect(config).toMatchObject({ PORT: 4000, HOST: '127.0.0.1', LATCHKEY_TRUSTED_PROXIES: { kind: 'none' } })
    expect({ ...defaultLimits, ...limitsOf(config) }).toEqual(defaultLimits)
    expect([publicUrlOf(config), keyEnvironmentOf(config)]).toEqual(['http://localhost:4000', 'test'])
    expect(keyEnvironmentOf(parseConfig({ ...whole, NODE_ENV: 'production' }))).toBe('live')
  })

  it('takes replicas, and adds the path where an address has none', () => {
    const { LATCHKEY_SUBGRAPH_URLS } = parseConfig({
      ...whole,
      LATCHKEY_SUBGRAPH_URLS: 'users=http://a:1|http://b:2/graphql, api-keys=https://c/api',
    })
    expect(LATCHKEY_SUBGRAPH_URLS).toEqual({
      users: ['http://a:1/graphql', 'http://b:2/graphql'],
      'api-keys': ['https://c/api'],
    })
  })

  it('takes hops and networks for trusted proxies', () => {
    const proxies = (text: string) => parseConfig({ ...whole, LATCHKEY_TRUSTED_PROXIES: text }).LATCHKEY_TRUSTED_PROXIES
    expect(proxies('2')).toEqual({ kind: 'hops', count: 2 })
    expect(proxies('10.0.0.0/8, fd00::/8')).toEqual({ kind: 'networks', cidrs: ['10.0.0.0/8', 'fd00::/8'] })
  })

  it('takes origins as browsers write them, and nothing that is more or less than one', () => {
    const origins = (text: string) => parseConfig({ ...whole, LATCHKEY_ORIGINS: text }).LATCHKEY_ORIGINS
    expect(origins('')).toEqual([])
    expect(origins('https://App.example.org:443, http://localhost:3000/')).toEqual([
      'https://app.example.org',
      'http://localhost:3000',
    ])
    for (const text of [
      '*',
      'null',
      'app.example.org',
      'ftp://a.example',
      'https://a.example/b',
      'https://u@a.example',
    ])
      expect(() => origins(text), text).toThrow('LATCHKEY_ORIGINS')
  })

  it('is refused with every mistake at once', () => {
    expect(() => parseConfig({ PORT: 'x', LATCHKEY_SUBGRAPH_URLS: 'users' })).toThrow(
      /PORT.*REDIS_URL.*LATCHKEY_KEYRING_FILE.*LATCHKEY_PUBLIC_URL.*LATCHKEY_SUBGRAPH_URLS/,
    )
  })

  it('is refused in production when limits are off', () => {
    const off = { ...whole, LATCHKEY_LIMITS: 'off' }
    expect(() => parseConfig({ ...off, NODE_ENV: 'production' })).toThrow('LATCHKEY_LIMITS')
    expect(parseConfig(off).LATCHKEY_LIMITS).toBe('off')
  })

  it('lets development listen on loopback only', () => {
    expect(() => parseConfig({ ...whole, HOST: '0.0.0.0' })).toThrow('HOST')
    expect(parseConfig({ ...whole, HOST: '0.0.0.0', NODE_ENV: 'production' }).HOST).toBe('0.0.0.0')
  })
})
