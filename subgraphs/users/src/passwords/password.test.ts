import { describe, expect, it } from 'vitest'
import { canonicalPassword, faultOfNewPassword } from './password.ts'

const faultOf = (password: string, about: string[] = []) => faultOfNewPassword(password, about)

describe('a new password', () => {
  it.each([
    ['twelve letters', 'abcdefghijkl'],
    ['spaces', 'a b c d e f g h'],
    ['any script', '\u043f\u0430\u0440\u043e\u043b\u044c\u043d\u0435\u0441\u043b\u043e\u0432\u043e'],
    ['128 characters', 'x'.repeat(128)],
    ['128 characters of four bytes', '\u{1f600}'.repeat(128)],
    ['space around it', '   abcdef   '],
  ])('may be %s', (_what, password) => {
    expect(faultOf(password)).toBeNull()
  })

  it.each([
    ['eleven characters', 'abcdefghijk', 'must be at least 12 characters'],
    ['eleven characters of two UTF-16 units', '\u{1f600}'.repeat(11), 'must be at least 12 characters'],
    ['129 characters', 'x'.repeat(129), 'must be at most 128 characters'],
    ['more than 1024 bytes', 'x'.repeat(1_025), 'must be at most 128 characters'],
    ['more than 128 characters once normalised', '\ufdfa'.repeat(20), 'must be at most 128 characters'],
    ['half of a character', `abcdefghijkl\ud800`, 'must be Unicode text'],
    ['the name of the product', 'latchkey-123', 'must not be made of your name or address'],
  ])('may not be %s', (_what, password, fault) => {
    expect(faultOf(password)).toBe(fault)
  })

  it('may not be made of what is known of the person', () => {
    const about = ['ada.lovelace', 'Ada Lovelace']
    expect(faultOf('LOVELACE1815', about)).toBe('must not be made of your name or address')
    expect(faultOf('lovelacelovelace', about)).toBe('must not be made of your name or address')
    expect(faultOf('lovelace wrote notes', about)).toBeNull()
  })

  it('may not resemble what is known of the person', () => {
    const about = ['lovelace@example.com', 'Ada Lovelace']
    const fault = 'must not resemble your name or address; choose something unrelated'
    expect(faultOf('L0vel4ce@example.com', about)).toBe(fault)
    expect(faultOf('4da L0ve1ac3', about)).toBe(fault)
    expect(faultOf('analytical engine', about)).toBeNull()
  })

  it('may be shorter beside a second factor', () => {
    expect(faultOfNewPassword('abcdefgh', [], 8)).toBeNull()
    expect(faultOfNewPassword('abcdefg', [], 8)).toBe('must be at least 8 characters')
  })

  it('may contain short words of the name, which occur by chance', () => {
    expect(faultOf('adamantium77', ['ada'])).toBeNull()
  })
})

describe('the form that is hashed', () => {
  it('is one for two ways of typing a character', () => {
    expect(canonicalPassword('jose\u0301')).toBe(canonicalPassword('jos\u00e9'))
    expect(canonicalPassword('\uff21bc')).toBe('Abc')
  })

  it('keeps case and space', () => {
    expect(canonicalPassword('  Ada ')).toBe('  Ada ')
  })
})
