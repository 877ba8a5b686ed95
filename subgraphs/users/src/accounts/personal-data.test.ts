import { systemEntropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import { createPersonalData } from './personal-data.ts'
import { openRegistration, sealRegistration } from './registration-seal.ts'

const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)
const personalData = createPersonalData({ keyring, entropy: systemEntropy })

describe('personal data', () => {
  it('is read again with the key that was stored beside it', () => {
    const { sealedKey, personal } = personalData.newKey('usr_ada')
    const sealed = personal.seal('email', 'ada@example.com')
    expect(sealed).not.toContain('ada')
    expect(personalData.withKey('usr_ada', sealedKey).open('email', sealed)).toBe('ada@example.com')
  })

  it('cannot be moved to another column', () => {
    const { personal } = personalData.newKey('usr_ada')
    expect(() => personal.open('display_name', personal.seal('email', 'ada@example.com'))).toThrow()
  })

  it('cannot be moved to another account, not even together with its key', () => {
    const { sealedKey, personal } = personalData.newKey('usr_ada')
    const eve = personalData.newKey('usr_eve')
    expect(() => eve.personal.open('email', personal.seal('email', 'ada@example.com'))).toThrow()
    expect(() => personalData.withKey('usr_eve', sealedKey)).toThrow()
  })

  it('is another account’s business still when its key has been opened before', () => {
    const { sealedKey, personal } = personalData.newKey('usr_ada')
    const sealed = personal.seal('email', 'ada@example.com')
    const opened = () => personalData.withKey('usr_ada', sealedKey).open('email', sealed)
    expect([opened(), opened()]).toEqual(['ada@example.com', 'ada@example.com'])
    expect(() => personalData.withKey('usr_eve', sealedKey)).toThrow()
    expect(() => personalData.withKey('usr_ada', `${sealedKey.slice(0, -2)}AA`)).toThrow()
    expect(opened()).toBe('ada@example.com')
  })

  it('is what the row says now, whatever was opened before', () => {
    const { personal } = personalData.newKey('usr_ada')
    const [before, after] = [personal.seal('email', 'ada@example.com'), personal.seal('email', 'ada@example.org')]
    const texts = [before, before, after, after].map((sealed) => personal.open('email', sealed))
    expect(texts).toEqual(['ada@example.com', 'ada@example.com', 'ada@example.org', 'ada@example.org'])
    expect(() => personal.open('display_name', after)).toThrow()
    expect(() => personal.open('email', `${after.slice(0, -2)}AA`)).toThrow()
  })

  it('of a registration is read again, and by that registration alone', () => {
    const personal = { email: 'ada@example.com', displayName: 'Ada', locale: 'de', device: 'Firefox, Linux' }
    const sealed = sealRegistration(keyring, 'usr_1', personal)
    expect(sealed).not.toContain('ada')
    expect(openRegistration(keyring, 'usr_1', sealed)).toEqual(personal)
    expect(() => openRegistration(keyring, 'usr_2', sealed)).toThrow()
  })
})
