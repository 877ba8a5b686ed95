import { seededEntropy } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { expect, it } from 'vitest'
import { deviceTokenLifetimeMs, formatDeviceToken, readDeviceToken } from './device-token.ts'

const keyring = createKeyring(newKeyringMaterial(seededEntropy('keyring')), seededEntropy('nonces'))
const issuedAtMs = Date.parse('2030-01-01T00:00:00Z')
const device = { deviceId: `dev_${'a'.repeat(22)}`, userId: 'usr_ada', issuedAtMs }
const text = formatDeviceToken(keyring, device)
const [deviceId, userId, issued, keyId, mac = ''] = text.split('.')

it('reads back what it wrote, until 180 days have passed', () => {
  expect(readDeviceToken(keyring, text, issuedAtMs)).toEqual(device)
  expect(readDeviceToken(keyring, text, issuedAtMs + deviceTokenLifetimeMs - 1)).toEqual(device)
  expect(readDeviceToken(keyring, text, issuedAtMs + deviceTokenLifetimeMs)).toBeNull()
})

it.each([
  ['another device', `dev_${'b'.repeat(22)}.${userId}.${issued}.${keyId}.${mac}`],
  ['another account', `${deviceId}.usr_eve.${issued}.${keyId}.${mac}`],
  ['a later issue', `${deviceId}.${userId}.${issuedAtMs + 1}.${keyId}.${mac}`],
  ['an altered MAC', `${deviceId}.${userId}.${issued}.${keyId}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`],
  ['no MAC', `${deviceId}.${userId}.${issued}.${keyId}.`],
  ['an unknown key', `${deviceId}.${userId}.${issued}.nosuch.${mac}`],
  ['two tokens', `${text}, ${text}`],
  ['a line break after it', `${text}\n`],
  ['nothing', ''],
  ['very much', 'x'.repeat(100_000)],
])('takes %s for none', (_what, presented) => {
  expect(readDeviceToken(keyring, presented, issuedAtMs)).toBeNull()
})

it('takes for none what another keyring made', () => {
  const other = createKeyring(newKeyringMaterial(seededEntropy('other')), seededEntropy('nonces'))
  expect(readDeviceToken(keyring, formatDeviceToken(other, device), issuedAtMs)).toBeNull()
})
