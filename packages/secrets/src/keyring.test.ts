import { systemEntropy } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { createKeyring, newKeyringMaterial, sameBytes } from './keyring.ts'

const older = newKeyringMaterial(systemEntropy)
const newer = newKeyringMaterial(systemEntropy)
const before = createKeyring(older, systemEntropy)
const rotated = createKeyring({ ...older, data: [...(newer.data ?? []), ...(older.data ?? [])] }, systemEntropy)
const place = 'users.accounts.email:usr_1'

describe('sealing', () => {
  it('gives back what was sealed, and never the same text twice', () => {
    expect(before.open('data', before.seal('data', 'ada@example.com', place), place).toString()).toBe('ada@example.com')
    expect(before.seal('data', 'x', place)).not.toBe(before.seal('data', 'x', place))
  })

  it('opens what an older secret sealed, and seals with the newest', () => {
    expect(rotated.open('data', before.seal('data', 'x', place), place).toString()).toBe('x')
    expect(rotated.seal('data', 'x', place)).toMatch(new RegExp(`^${newer.data?.[0]?.id}\\.`))
    expect(() => before.open('data', rotated.seal('data', 'x', place), place)).toThrow(/nothing in the keyring/)
  })

  it('refuses a text moved to another row, or opened for another purpose', () => {
    const sealed = before.seal('data', 'x', place)
    expect(() => before.open('data', sealed, 'users.accounts.email:usr_2')).toThrow()
    expect(() => before.open('signing-key', sealed, place)).toThrow()
  })

  it('refuses a text in which any character was changed', () => {
    const sealed = before.seal('data', 'x', place)
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'E' : 'A') + sealed.slice(at + 1)
      const opens = () => before.open('data', changed, place).toString() === 'x'
      // The last character of base64url carries unused bits: another spelling of the same bytes is the same text.
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(sealed, 'base64url'))) continue
      expect(opens).toThrow()
    }
  })

  it('refuses what is not a sealed text', () => {
    for (const text of ['', '.', 'a.b', `${older.data?.[0]?.id}.`, `${older.data?.[0]?.id}.AAAA.AAAA`])
      expect(() => before.open('data', text, place)).toThrow()
  })
})

describe('a MAC', () => {
  it('can be made again under the version it names', () => {
    const { keyId, mac } = before.mac('api-key', 'lk_test_x')
    expect(before.macWith('api-key', keyId, 'lk_test_x')).toEqual(mac)
    expect(before.macWith('api-key', 'gone', 'lk_test_x')).toBeNull()
  })

  it('differs between purposes, though they be given the same secret', () => {
    const one = { id: 'one', secret: Buffer.alloc(32, 7).toString('base64url') }
    const keyring = createKeyring({ ...older, data: [one], identifier: [one] }, systemEntropy)
    expect(keyring.mac('data', 'x').mac).not.toEqual(keyring.mac('identifier', 'x').mac)
  })
})

it('a short secret is refused, and so is the use of one that is not there', () => {
  expect(() => createKeyring({ ...older, data: [{ id: 'a', secret: 'c2hvcnQ' }] }, systemEntropy)).toThrow(/data\/a/)
  const partly = createKeyring({ 'api-key': older['api-key'] ?? [] }, systemEntropy)
  expect(partly.mac('api-key', 'x').mac).toHaveLength(32)
  expect(() => partly.seal('data', 'x', place)).toThrow(/no secret for data/)
})

it('sameBytes compares length and content', () => {
  expect(sameBytes(Buffer.from('ab'), Buffer.from('ab'))).toBe(true)
  expect(sameBytes(Buffer.from('ab'), Buffer.from('ac'))).toBe(false)
  expect(sameBytes(Buffer.from('ab'), Buffer.from('abc'))).toBe(false)
})
