import { systemEntropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import { rotated } from '../application.fixture.ts'
import { issueRecoveryCodes, newRecoveryCode, parseRecoveryCode, possibleRecoveryCodes } from './recovery-code.ts'

const material = newKeyringMaterial(systemEntropy)
const keyring = createKeyring(material, systemEntropy)

describe('a recovery code', () => {
  it('has sixteen characters that cannot be misread, in groups of four', () => {
    const codes = Array.from({ length: 200 }, () => newRecoveryCode(systemEntropy))
    for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(new Set(codes).size).toBe(200)
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32)
  })

  it.each([
    'ABCD-EFGH-0123-4567',
    'abcdefgh01234567',
    ' abcd efgh 0123 4567 ',
    'ABCD–EFGH—OI23-4567',
    'abcd-efgh-ol23-4567',
  ])('is the same however it is typed: %j', (typed) => {
    expect(parseRecoveryCode(typed)).toBe('ABCDEFGH01234567')
  })

  it.each([
    '',
    'ABCD-EFGH-0123-456',
    'ABCD-EFGH-0123-45678',
    'ABCD-EFGH-0123-456U',
    '-'.repeat(65),
    `${'A '.repeat(40)}`,
  ])('is not %j', (typed) => {
    expect(parseRecoveryCode(typed)).toBeNull()
  })

  it('is recognised by what is kept of it, for its own account alone', () => {
    const { shown, kept } = issueRecoveryCodes(keyring, systemEntropy, 'usr_ada')
    expect(kept).toHaveLength(10)
    expect(possibleRecoveryCodes(keyring, 'usr_ada', shown[3]?.toLowerCase() ?? '')).toEqual([kept[3]])
    expect(possibleRecoveryCodes(keyring, 'usr_eve', shown[3] ?? '')).not.toContainEqual(kept[3])
    expect(JSON.stringify(kept)).not.toContain(shown[3]?.replaceAll('-', ''))
  })

  it('is recognised after the key was rotated', () => {
    const { shown, kept } = issueRecoveryCodes(keyring, systemEntropy, 'usr_ada')
    const newer = createKeyring(rotated(material, 'one-time-token'), systemEntropy)
    expect(possibleRecoveryCodes(newer, 'usr_ada', shown[0] ?? '')).toContainEqual(kept[0])
  })
})
