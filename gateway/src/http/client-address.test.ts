import { describe, expect, it } from 'vitest'
import { createClientAddresses } from './client-address.ts'

const proxy = '10.0.0.1'

describe('the address of a client', () => {
  it('is that of the connection, whatever the client says, when no proxy is trusted', () => {
    const { of, isProxy } = createClientAddresses({ kind: 'none' })
    expect(of('203.0.113.9', '1.2.3.4')).toBe('203.0.113.9')
    expect(of('::ffff:203.0.113.9', undefined)).toBe('203.0.113.9')
    expect(isProxy('127.0.0.1')).toBe(false)
  })

  it('is read from right to left over the trusted networks', () => {
    const { of, isProxy } = createClientAddresses({ kind: 'networks', cidrs: ['10.0.0.0/8', 'fd00::/8'] })
    expect(of(proxy, '6.6.6.6, 203.0.113.9')).toBe('203.0.113.9')
    expect(of(proxy, '6.6.6.6, 203.0.113.9, 10.9.9.9')).toBe('203.0.113.9')
    expect(of('fd00::1', '203.0.113.9')).toBe('203.0.113.9')
    expect(of('203.0.113.9', '6.6.6.6')).toBe('203.0.113.9')
    expect([isProxy('::ffff:10.1.1.1'), isProxy('11.0.0.1')]).toEqual([true, false])
  })

  it('ends where something stands that is no address', () => {
    const { of } = createClientAddresses({ kind: 'networks', cidrs: ['10.0.0.0/8'] })
    expect(of(proxy, '6.6.6.6, unknown')).toBe(proxy)
    expect(of(proxy, '')).toBe(proxy)
    expect(of(proxy, '10.0.0.2')).toBe('10.0.0.2')
  })

  it('is as many hops away as are trusted, and no further', () => {
    const { of } = createClientAddresses({ kind: 'hops', count: 2 })
    expect(of(proxy, '6.6.6.6, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9')
    expect(of(proxy, '203.0.113.9')).toBe('203.0.113.9')
  })

  it('cannot be configured by what is no network', () => {
    for (const cidr of ['10.0.0.0/33', 'everyone', '10.0.0.0/x'])
      expect(() => createClientAddresses({ kind: 'networks', cidrs: [cidr] })).toThrow(cidr)
  })
})
