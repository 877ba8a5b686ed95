import { describe, expect, it } from 'vitest'
import { newId, randomBase62, systemEntropy } from './clock.ts'
import { clockAt, seededEntropy } from './testing.ts'

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
