import { Problem } from '@latchkey/problem'
import { describe, expect, it, vi } from 'vitest'
import { isAccountId, parseApplicant, parseDisplayName } from './account.ts'

const input = { email: 'ada@example.com', password: 'correct horse battery staple', displayName: ' Ada ' }

const faultsOf = (overrides: Partial<typeof input>) => {
  try {
    parseApplicant({ ...input, ...overrides })
  } catch (thrown) {
    return thrown instanceof Problem ? thrown.facts.fields : thrown
  }
  return {}
}

describe('an applicant', () => {
  it('is accepted with an address, a name and a password', () => {
    expect(parseApplicant(input)).toEqual({
      address: { written: 'ada@example.com', normalised: 'ada@example.com' },
      displayName: 'Ada',
      locale: null,
      password: input.password,
    })
  })

  it('hears of every wrong field at once', () => {
    expect(faultsOf({ email: 'nobody', password: 'short', displayName: ' ' })).toEqual({
      'input.email': 'must be an email address',
      'input.password': 'must be at least 12 characters',
      'input.displayName': 'must be 1 to 80 printable characters',
    })
  })

  it('hears of the wrong field alone', () => {
    expect(faultsOf({ email: 'nobody' })).toEqual({ 'input.email': 'must be an email address' })
    expect(faultsOf({ password: 'short' })).toEqual({ 'input.password': 'must be at least 12 characters' })
    expect(faultsOf({ displayName: '' })).toEqual({ 'input.displayName': 'must be 1 to 80 printable characters' })
  })

  it('may not use the own address or name as the password', () => {
    const fault = { 'input.password': 'must not be made of your name or address' }
    expect(faultsOf({ email: 'ada.lovelace@example.com', password: 'Lovelace-2030' })).toEqual(fault)
    expect(faultsOf({ displayName: 'Lovelace', password: 'lovelace12345' })).toEqual(fault)
  })

  it('never finds the password in the problem that refuses it', () => {
    const password = 'hunter2'
    try {
      parseApplicant({ ...input, password })
      expect.unreachable()
    } catch (thrown) {
      expect(JSON.stringify([thrown, String(thrown), (thrown as Problem).detail])).not.toContain(password)
    }
  })
})

/** Normalising this takes the square of its length: seconds, for as much as fits into a request. */
const slowToNormalise = `a${'\u0315'.repeat(60_000)}${'\u0300'.repeat(60_000)}`

/** Of all that is normalised meanwhile. */
function longestNormalisedBy(action: () => unknown): number {
  const normalise = vi.spyOn(String.prototype, 'normalize')
  try {
    action()
    return Math.max(0, ...normalise.mock.contexts.map((text) => String(text).length))
  } finally {
    normalise.mockRestore()
  }
}

describe('a field made to be slow', () => {
  it.each(['email', 'password', 'displayName'])('is refused as %s before it is normalised', (name) => {
    const faults = () => faultsOf({ [name]: slowToNormalise })
    expect(longestNormalisedBy(faults)).toBeLessThan(1_000)
    expect(Object.keys(faults() as object)).toEqual([`input.${name}`])
  })

  it('is refused as all of them, and with an at sign, before it is normalised', () => {
    const everywhere = {
      email: `${slowToNormalise}@example.com`,
      password: slowToNormalise,
      displayName: slowToNormalise,
    }
    expect(longestNormalisedBy(() => faultsOf(everywhere))).toBeLessThan(1_000)
  })
})

describe('a display name', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada Lovelace\n', 'Ada Lovelace'],
    ['Jose\u0301', 'Jos\u00e9'],
    ['\u{1f469}\u200d\u{1f52c}', '\u{1f469}\u200d\u{1f52c}'],
    ['\u{1f600}'.repeat(80), '\u{1f600}'.repeat(80)],
    ['<b>Ada</b>', '<b>Ada</b>'],
  ])('%j is kept as %j', (text, kept) => {
    expect(parseDisplayName(text)).toBe(kept)
  })

  it.each(['', '   ', 'a'.repeat(81), 'A\nB', 'A\u0000', 'A\u202eB', 'A\u2066B', 'A\u2028B', '\ud800'])(
    '%j is refused',
    (text) => {
      expect(parseDisplayName(text)).toBeNull()
    },
  )
})

describe('an account id', () => {
  it.each([
    ['usr_BCD3f8yK6RIJl1zmvdfILa', true],
    ['', false],
    ['usr_\u0000', false],
    ['x'.repeat(65), false],
  ])('%j: %s', (text, expected) => {
    expect(isAccountId(text)).toBe(expected)
  })
})
