import { describe, expect, it } from 'vitest'
import { addressBits, clientNetwork, coarseNetwork, firstAddress } from './network.ts'

describe('the network that is counted', () => {
  it('is an IPv4 address, however it is written', () => {
    expect(clientNetwork('192.0.2.7')).toBe('192.0.2.7')
    expect(clientNetwork('::ffff:192.0.2.7')).toBe('192.0.2.7')
    expect(clientNetwork('::FFFF:c000:0207')).toBe('192.0.2.7')
  })

  it('is the /64 of an IPv6 address, so that a household has no more tries than a house with one address', () => {
    expect(clientNetwork('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
    expect(clientNetwork('2001:0DB8:1:2:ffff:ffff:ffff:ffff')).toBe('2001:db8:1:2::/64')
    expect(clientNetwork('2001:db8:1:3::1')).not.toBe(clientNetwork('2001:db8:1:2::1'))
    expect(clientNetwork('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
    expect(clientNetwork('::1')).toBe('0:0:0:0::/64')
  })

  it.each([undefined, '', 'localhost', '1.2.3.4.5', '2001:db8::1::2', '] http://x'])(
    'is one and the same for %j, which is no address',
    (address) => {
      expect(clientNetwork(address)).toBe('unknown')
    },
  )
})

describe('the network that is told', () => {
  it.each([
    ['192.0.2.7', '192.0.2.0/24'],
    ['::ffff:192.0.2.7', '192.0.2.0/24'],
    ['2001:db8:1:2::1', '2001:db8:1::/48'],
    ['::1', '0:0:0::/48'],
  ])('of %s is %s', (address, network) => {
    expect(coarseNetwork(address)).toBe(network)
  })

  it('is nothing for what is no address', () => {
    expect(coarseNetwork(undefined)).toBeNull()
  })
})

describe('an address as bits', () => {
  it.each([
    ['192.0.2.7', 4, '192.0.2.7'],
    ['::ffff:192.0.2.7', 4, '192.0.2.7'],
    ['2001:0DB8:0:0:1::7', 6, '2001:db8::1:0:0:7'],
    ['fe80::1%eth0', 6, 'fe80::1'],
    ['::', 6, '::'],
  ])('of %s is one of IPv%s, and is read back as %s', (address, family, text) => {
    const bits = addressBits(address)
    expect(bits?.family).toBe(family)
    expect(bits && firstAddress(bits)).toBe(text)
  })

  it('is none for what is no address', () => {
    expect(addressBits('localhost')).toBeNull()
  })

  it('that is cut short is the first of its network', () => {
    expect(firstAddress({ family: 4, bits: '11000000' })).toBe('192.0.0.0')
    expect(firstAddress({ family: 6, bits: '0010000000000001' })).toBe('2001::')
  })
})
