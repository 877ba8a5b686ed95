import { describe, expect, it } from 'vitest'
import { dayMs, hourMs, minuteMs, newId, parseDuration, randomBase62, secondMs, systemEntropy } from './clock.ts'
import { clockAt, seededEntropy } from './testing.ts'

describe('a duration', () => {
  it.each([
    ['90s', 90 * secondMs],
    ['15m', 15 * minuteMs],
    ['12h', 12 * hourMs],
    ['30d', 30 * dayMs],
  ])('%s is understood', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', '0d', '30', 'd', '30 d', '30D', '1.5h', '-1d', '30d ', '1000000d', '1w'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })
})

describe('randomBase62', () => {
  it('draws every character about equally often', () => {
    const counts = new Map<string, number>()
    for (const character of randomBase62(systemEntropy, 62_000)) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(62)
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200)
  })

  it('gives exactly the length asked for', () => {
    for (const length of [0, 1, 12, 43]) expect(randomBase62(seededEntropy(), length)).toHaveLength(length)
  })
})

it('an id says what it names and never comes twice', () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => newId(systemEntropy, 'usr')))
  expect(ids.size).toBe(1_000)
  for (const id of ids) expect(id).toMatch(/^usr_[0-9A-Za-z]{22}$/)
})

it('a held clock moves only when it is told to', () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  clock.advance(1_500)
  expect(clock.now().toISOString()).toBe('2030-01-01T00:00:01.500Z')
})

it('seeded entropy repeats itself', () => {
  expect(seededEntropy('a').bytes(100)).toEqual(seededEntropy('a').bytes(100))
  expect(seededEntropy('a').bytes(8)).not.toEqual(seededEntropy('b').bytes(8))
})
