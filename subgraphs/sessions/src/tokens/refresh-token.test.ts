import { seededEntropy } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { expect, it } from 'vitest'
import { formatRefreshToken, readRefreshToken } from './refresh-token.ts'

const material = newKeyringMaterial(seededEntropy('keyring'))
const keyring = createKeyring(material, seededEntropy('nonces'))
const token = { sessionId: `ses_${'a'.repeat(22)}`, counter: 7 }
const text = formatRefreshToken(keyring, token)
const [sessionId, counter, keyId, mac = ''] = text.split('.')

it('reads back what it wrote', () => {
  expect(readRefreshToken(keyring, text)).toEqual(token)
})

it('writes the same text for the same token, so that a repeated answer is the same answer', () => {
  expect(formatRefreshToken(keyring, { ...token })).toBe(text)
})

it.each([
  ['an altered session', `ses_${'b'.repeat(22)}.${counter}.${keyId}.${mac}`],
  ['an altered counter', `${sessionId}.8.${keyId}.${mac}`],
  ['a counter spelled another way', `${sessionId}.07.${keyId}.${mac}`],
  ['a counter of nought', `${sessionId}.0.${keyId}.${mac}`],
  ['an altered MAC', `${sessionId}.${counter}.${keyId}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`],
  ['a shortened MAC', `${sessionId}.${counter}.${keyId}.${mac.slice(0, -1)}`],
  ['no MAC', `${sessionId}.${counter}.${keyId}.`],
  ['an unknown key', `${sessionId}.${counter}.nosuch.${mac}`],
  ['something before it', ` ${text}`],
  ['a line break after it', `${text}\n`],
  ['nothing', ''],
  ['very much', 'x'.repeat(100_000)],
])('takes %s for garbage', (_what, presented) => {
  expect(readRefreshToken(keyring, presented)).toBeNull()
})

it('takes the same bytes spelled another way for garbage', () => {
  const last = mac.at(-1) ?? ''
  const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(
    (one) => one !== last,
  )
  for (const other of spellings) expect(readRefreshToken(keyring, `${text.slice(0, -1)}${other}`)).toBeNull()
})

it('refuses what another keyring made', () => {
  const other = createKeyring(newKeyringMaterial(seededEntropy('other')), seededEntropy('nonces'))
  expect(readRefreshToken(keyring, formatRefreshToken(other, token))).toBeNull()
})

it('still reads what an older secret made after the keyring has a newer one', () => {
  const [newest] = newKeyringMaterial(seededEntropy('newer'))['refresh-token'] ?? []
  if (!newest) throw new Error('the material holds no secret')
  const rotated = { ...material, 'refresh-token': [newest, ...(material['refresh-token'] ?? [])] }
  const after = createKeyring(rotated, seededEntropy('nonces'))
  expect(readRefreshToken(after, text)).toEqual(token)
  expect(formatRefreshToken(after, token)).not.toBe(text)
})
