import { describe, expect, it } from 'vitest'
import { normalIdentifier } from './identifier.ts'

describe('the identifier that is counted', () => {
  it.each([
    ['upper case', 'ADA@Example.ORG'],
    ['space around it', '  ada@example.org\t'],
    ['full-width letters', 'ａｄａ@example.org'],
    ['a full-width sign', 'ada@ｅxample.org'],
    ['an invisible mark in the domain', 'ada@exam\u{fe0f}ple.org'],
    ['an invisible joiner in the domain', 'ada@example\u{034f}.org'],
  ])('is the same with %s', (_what, typed) => {
    expect(normalIdentifier(typed)).toBe('ada@example.org')
  })

  it.each([
    ['a domain and its ASCII form', 'ada@münchen.example', 'ada@xn--mnchen-3ya.example'],
    ['composed and decomposed letters', 'zo\u{eb}@example.org', 'zoe\u{308}@example.org'],
    ['letters whose cases part under NFKC', '\u{3f9}@example.org', '\u{3f2}@example.org'],
    ['a capital sharp s and a small one', 'wei\u{1e9e}@example.org', 'wei\u{df}@example.org'],
  ])('is one for %s', (_what, one, other) => {
    expect(normalIdentifier(one)).toBe(normalIdentifier(other))
  })

  it('keeps apart what are two accounts', () => {
    expect(normalIdentifier('ada@example.org')).not.toBe(normalIdentifier('ada+x@example.org'))
    expect(normalIdentifier('ada@example.org')).not.toBe(normalIdentifier('ada@example.com'))
  })

  it('takes what is no address as it is', () => {
    expect(normalIdentifier('Ada')).toBe('ada')
    expect(normalIdentifier('')).toBe('')
    expect(normalIdentifier('ada@Not A Domain')).toBe('ada@not a domain')
  })
})
