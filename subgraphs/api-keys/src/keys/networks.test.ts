import { expect, it } from 'vitest'
import { readNetworks } from './networks.ts'

it.each([
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.7', '192.0.2.7/32'],
  ['192.0.2.7/32', '192.0.2.7/32'],
  ['2001:DB8:0::/32', '2001:db8::/32'],
  ['2001:db8::1', '2001:db8::1/128'],
  ['::ffff:192.0.2.0/120', '192.0.2.0/24'],
  ['::ffff:c000:207', '192.0.2.7/32'],
  ['128.0.0.0/1', '128.0.0.0/1'],
])('%s is kept as %s', (text, network) => {
  expect(readNetworks({ networks: [text] })).toEqual({ part: { networks: [network] } })
})

const faultOf = (...networks: string[]) => readNetworks({ networks }).faults?.['input.networks']

it.each([
  ['192.0.2.7/24', '192.0.2.0/24'],
  ['2001:db8::1/64', '2001:db8::/64'],
  ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
])('%s is refused, and %s is given as what was meant', (text, meant) => {
  expect(faultOf(text)).toBe(`must have no bits after the prefix: ${meant}, not ${text}`)
})

it.each(['0.0.0.0/0', '::/0', '::ffff:0.0.0.0/96'])('%s is every network, and is refused', (text) => {
  expect(faultOf(text)).toContain('every network')
})

it.each([
  'everywhere',
  '',
  '192.0.2.0/33',
  '192.0.2.0/',
  '192.0.2.0/x',
  '192.0.2/24',
  '010.0.0.1',
  '2001:db8::/129',
  '::ffff:192.0.2.0/95',
  'fe80::1%eth0',
  ' 192.0.2.0/24',
  '192.0.2.0/24,10.0.0.0/8',
  '1'.repeat(100_000),
])('%j is no network', (text) => {
  expect(faultOf(text)?.length).toBeLessThan(200)
  expect(faultOf('192.0.2.0/24', text)).toContain('must be like')
})

it('says nothing where nothing is said, and an empty list takes the limit away', () => {
  expect([readNetworks({}), readNetworks({ networks: null })]).toEqual([{}, {}])
  expect(readNetworks({ networks: [] })).toEqual({ part: { networks: undefined } })
})

it('keeps each once, and at most a hundred', () => {
  expect(readNetworks({ networks: ['192.0.2.7', '::ffff:192.0.2.7/128'] })).toEqual({
    part: { networks: ['192.0.2.7/32'] },
  })
  const many = Array.from({ length: 101 }, (_, host) => `192.0.2.${host}`)
  expect(faultOf(...many)).toContain('at most 100')
  expect(readNetworks({ networks: many.slice(1) }).part?.networks).toHaveLength(100)
})
