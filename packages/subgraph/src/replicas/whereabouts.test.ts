import { expect, it } from 'vitest'
import { readWhereabouts, writeWhereabouts } from './whereabouts.ts'

it.each([
  ['http://one:4001', { kind: 'place', url: 'http://one:4001/' }, 'http://one:4001/'],
  [
    'dns+https://users.internal/graph',
    { kind: 'name', name: 'users.internal', url: 'https://users.internal/graph' },
    'dns+https://users.internal/graph',
  ],
  [
    'srv+https://_graphql._tcp.users.internal',
    { kind: 'service', name: '_graphql._tcp.users.internal', url: 'https://users.internal/' },
    'srv+https://_graphql._tcp.users.internal/',
  ],
])('reads %s: a certificate has to be for the name that was configured', (text, at, written) => {
  const read = readWhereabouts(text)
  expect(read).toEqual(at)
  expect(read && writeWhereabouts(read)).toBe(written)
})

it.each([
  'users:4001',
  'ftp://users',
  'dns+ftp://users',
  'dns+users',
  'dns+dns+http://users',
  'tls+http://users',
  'srv+http://users.internal',
  'srv+http://_graphql._tcp.users.internal:4001',
  'srv+http://_graphql._tcp.',
])('does not take %s for a place', (text) => {
  expect(readWhereabouts(text)).toBeNull()
})
