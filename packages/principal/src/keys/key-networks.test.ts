import { expect, it } from 'vitest'
import { isWithin } from './key-networks.ts'

it.each([
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.7/32', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['192.0.2.0/24', '::ffff:192.0.2.1', true],
  ['192.0.2.0/24', '::ffff:c000:201', true],
  ['2001:db8::/32', '2001:DB8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::', false],
  ['2001:db8::/33', '2001:db8:8000::', false],
  ['2001:db8::/32', '192.0.2.1', false],
  ['192.0.2.0/24', 'c000:201::', false],
  ['192.0.2.0/24', '192.0.2.1, 10.0.0.1', false],
  ['192.0.2.0/24', 'unix:', false],
  ['192.0.2.0/24', undefined, false],
])('of %s is %s: %s', (network, address, expected) => {
  expect(isWithin([network], address)).toBe(expected)
  expect(isWithin(['203.0.113.0/24', network], address)).toBe(expected)
})

it('is nobody within no networks', () => {
  expect(isWithin([], '192.0.2.1')).toBe(false)
})
