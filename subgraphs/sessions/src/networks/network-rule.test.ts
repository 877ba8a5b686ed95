import { describe, expect, it } from 'vitest'
import { createRuleBook, type NetworkRule, type NetworkRuleKind, parseNetwork } from './network-rule.ts'

const now = new Date('2030-01-01T00:00:00Z')
const rule = (kind: NetworkRuleKind, network: string, expiresAt = '2030-01-02T00:00:00Z'): NetworkRule => ({
  ...{ id: network, network, kind, reason: 'a test', createdAt: now, expiresAt: new Date(expiresAt) },
})

describe('a network', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7/32'],
    [' 192.0.2.7/24 ', '192.0.2.0/24'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
    ['2001:DB8:0:0::1', '2001:db8::1/128'],
    ['2001:db8:1:2:3::/56', '2001:db8:1::/56'],
    ['10.1.2.3/8', '10.0.0.0/8'],
  ])('that is written %s is kept as %s', (text, kept) => {
    expect(parseNetwork(text)).toBe(kept)
  })

  it.each([
    '',
    'here',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '10.0.0.0/7',
    '0.0.0.0/0',
    '::/0',
    '2000::/15',
    '::ffff:0:0/96',
    '1.2.3',
    '192.0.2.0/24/8',
    '2001:db8::/129',
  ])('is not %j', (text) => {
    expect(parseNetwork(text)).toBeNull()
  })
})

describe('the rules', () => {
  const standing = createRuleBook([
    rule('BAN', '198.51.100.0/24'),
    rule('ALLOW', '198.51.100.7/32'),
    rule('BAN', '2001:db8::/32'),
    rule('ALLOW', '2001:db8:1::/48'),
    rule('BAN', '203.0.113.0/24', '2030-01-01T00:00:00Z'),
  ])
  it.each([
    ['198.51.100.8', 'banned'],
    ['198.51.100.7', 'allowed'],
    ['::ffff:198.51.100.8', 'banned'],
    ['2001:db8:2::1', 'banned'],
    ['2001:db8:1::1', 'allowed'],
    ['192.0.2.1', 'ordinary'],
    ['203.0.113.9', 'ordinary'],
    ['nowhere', 'ordinary'],
    [undefined, 'ordinary'],
  ])('call %s %s', (address, expected) => {
    expect(standing(address, now)).toBe(expected)
  })
})
