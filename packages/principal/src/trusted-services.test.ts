import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { parseTrustedServices } from './trusted-services.ts'

const spkiOf = (type: 'ed25519' | 'x25519') => {
  const pair = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')
  return pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
}
const key = spkiOf('ed25519')

it('reads names with their public keys', () => {
  const services = parseTrustedServices(`billing=${key}, reports=${spkiOf('ed25519')}`)
  expect(Object.keys(services ?? {})).toEqual(['billing', 'reports'])
  expect(services?.billing?.export({ format: 'der', type: 'spki' }).toString('base64')).toBe(key)
  expect(parseTrustedServices('')).toEqual({})
})

it.each([
  ['a name of ours', `gateway=${key}`],
  ['another of ours', `billing=${key},users=${key}`],
  ['one name twice', `billing=${key},billing=${spkiOf('ed25519')}`],
  ['a key of another kind', `billing=${spkiOf('x25519')}`],
  ['no key', 'billing='],
  ['what is no key', `billing=${'A'.repeat(60)}`],
  ['a key cut short', `billing=${key.slice(0, 50)}`],
  ['no name', key],
  ['an odd name', `Bil ling=${key}`],
])('refuses %s', (_, text) => {
  expect(parseTrustedServices(text)).toBeNull()
})
