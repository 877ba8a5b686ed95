import { systemEntropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import { macOfToken, newToken, possibleMacs, type TokenPurpose } from './one-time-token.ts'

const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)

describe('a one-time token', () => {
  it('is 256 bits in base64url, another one each time', () => {
    expect(newToken(systemEntropy)).toMatch(/^[\w-]{43}$/)
    expect(newToken(systemEntropy)).not.toBe(newToken(systemEntropy))
  })

  it('is recognised by its MAC, which does not contain it', () => {
    const token = newToken(systemEntropy)
    const kept = macOfToken(keyring, 'verify-email', token)
    expect(possibleMacs(keyring, 'verify-email', token)).toEqual([kept])
    expect(JSON.stringify(kept)).not.toContain(token)
  })

  it('is nothing for another purpose', () => {
    const token = newToken(systemEntropy)
    const other = 'reset-password' as TokenPurpose
    expect(possibleMacs(keyring, other, token)).not.toContainEqual(macOfToken(keyring, 'verify-email', token))
  })

  it.each(['', 'short', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(43)}\n`])(
    '%j cannot be one',
    (text) => {
      expect(possibleMacs(keyring, 'verify-email', text)).toEqual([])
    },
  )
})
