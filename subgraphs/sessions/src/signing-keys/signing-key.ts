/** A signing key: the pair that makes and proves access tokens, and the stations of its life. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'

/** `next`: published, not yet signing. `active`: signs. `retiring`: proves what it signed. `retired`: neither. */
export type KeyState = 'next' | 'active' | 'retiring' | 'retired'

/** The public half (RFC 8037), as it is published. */
export interface PublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
  readonly kid: string
  readonly alg: 'EdDSA'
  readonly use: 'sig'
}

/** A key as it is kept: the private half is sealed. */
export interface SigningKey {
  readonly kid: string
  readonly state: KeyState
  readonly publicJwk: PublicJwk
  readonly sealedPrivateKey: string
}

// Table, column and row: a sealed key that was moved to another row does not open.
export const privateKeyPlace = (kid: string) => `sessions.signing_keys sealed_private_key ${kid}`

/** A new pair. */
export function newSigningKey(keyring: Pick<Keyring, 'seal'>, entropy: Entropy): Omit<SigningKey, 'state'> {
  const kid = newId(entropy, 'sig')
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  return {
    kid,
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' },
    sealedPrivateKey: keyring.seal(
      'signing-key',
      privateKey.export({ format: 'der', type: 'pkcs8' }),
      privateKeyPlace(kid),
    ),
  }
}

/** Throws when the keyring cannot open it: the wrong keyring, or an altered row. */
export function openPrivateKey(keyring: Pick<Keyring, 'open'>, { kid, sealedPrivateKey }: SigningKey): KeyObject {
  const der = keyring.open('signing-key', sealedPrivateKey, privateKeyPlace(kid))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

/** What proves the tokens this key signed. */
export function publicKeyOf({ publicJwk: { kty, crv, x } }: SigningKey): KeyObject {
  const key: JsonWebKey = { kty, crv, x }
  return createPublicKey({ key, format: 'jwk' })
}
