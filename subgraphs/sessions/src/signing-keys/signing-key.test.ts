import { sign, verify } from 'node:crypto'
import { systemEntropy as entropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { expect, it } from 'vitest'
import { newSigningKey, openPrivateKey, publicKeyOf } from './signing-key.ts'

const keyring = createKeyring(newKeyringMaterial(entropy), entropy)
const aKey = () => ({ ...newSigningKey(keyring, entropy), state: 'active' as const })

it('signs with the private half what the public half proves', () => {
  const key = aKey()
  const signature = sign(null, Buffer.from('text'), openPrivateKey(keyring, key))
  expect(verify(null, Buffer.from('text'), publicKeyOf(key), signature)).toBe(true)
  expect(verify(null, Buffer.from('text'), publicKeyOf(aKey()), signature)).toBe(false)
})

it('publishes nothing of the private half', () => {
  const { publicJwk, kid } = aKey()
  expect(publicJwk).toEqual({ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid, alg: 'EdDSA', use: 'sig' })
})

it('does not open under another keyring, nor in the row of another key', () => {
  const key = aKey()
  const other = createKeyring(newKeyringMaterial(entropy), entropy)
  expect(() => openPrivateKey(other, key)).toThrow()
  expect(() => openPrivateKey(keyring, { ...key, kid: aKey().kid })).toThrow()
})
