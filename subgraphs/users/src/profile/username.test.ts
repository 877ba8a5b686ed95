import { describe, expect, it } from 'vitest'
import { parseUsername, skeletonOf } from './username.ts'

const skeleton = (text: string) => {
  const parsed = parseUsername(text)
  return 'fault' in parsed ? expect.fail(parsed.fault) : parsed.skeleton
}
const fault = (text: string) => {
  const parsed = parseUsername(text)
  return 'fault' in parsed ? parsed.fault : null
}

describe('a user name', () => {
  it('is kept as it was written', () => {
    expect(parseUsername('Ada.Lovelace_1815')).toMatchObject({ written: 'Ada.Lovelace_1815' })
  })

  it.each([
    ['ADA', 'ada'],
    ['ada.lovelace', 'adalovelace'],
    ['ada_lovelace', 'ada-lovelace'],
    ['paul', 'pau1'],
    ['paul', 'pauI'],
    ['g00gle', 'google'],
    ['modern', 'modem'],
    ['vvilliam', 'william'],
    ['cloris', 'doris'],
  ])('%j is the same name as %j', (one, other) => expect(skeleton(one)).toBe(skeleton(other)))

  it.each([
    ['ada', 'adam'],
    ['ada1', 'ada2'],
    ['bob', 'bab'],
  ])('%j is another name than %j', (one, other) => expect(skeleton(one)).not.toBe(skeleton(other)))

  it.each([
    'ab',
    'a'.repeat(33),
    '',
    '.ada',
    'ada.',
    'a..da',
    'a-_da',
    'ada lovelace',
    'ada@example.com',
    '\u0430da', // Cyrillic а
    'ad\u0430',
    'adа\u200b',
    '\uff21da',
    'ada\u0301',
    'ada\u202e',
    'ada\n',
    '𝒶𝒹𝒶',
    'a'.repeat(1_000_000),
  ])('%j is none', (text) => expect(fault(text)).toContain('3 to 32 letters'))

  it.each(['admin', 'ADMIN', 'Adm1n', 'r00t', 'support', 'supp0rt', 'l.a.t.c.h.k.e.y', 'null'])(
    '%j is reserved',
    (text) => expect(fault(text)).toBe('is reserved'),
  )

  it('has one skeleton however often it is made', () => {
    for (const name of ['c1vv', 'rrn', 'ccll', 'adarn', 'vvv'])
      expect(skeletonOf(skeletonOf(name))).toBe(skeletonOf(name))
  })
})
