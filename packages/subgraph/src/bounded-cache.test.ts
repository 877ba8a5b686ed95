import { describe, expect, it } from 'vitest'
import { createBoundedCache } from './bounded-cache.ts'

const cacheOf = (entriesMax: number, charactersMax = 1_000) => createBoundedCache<number>({ entriesMax, charactersMax })
const held = (cache: ReturnType<typeof cacheOf>, keys: readonly string[]) =>
  keys.filter((key) => cache.get(key) !== undefined)

describe('a bounded cache', () => {
  it('gives what it was given, and undefined for what it was not', () => {
    const cache = cacheOf(10)
    cache.set('a', 1)
    expect([cache.get('a'), cache.get('b')]).toEqual([1, undefined])
  })

  it('never holds more entries than it may, however many pass through', () => {
    const cache = cacheOf(10)
    const keys = Array.from({ length: 1_000 }, (_, n) => `k${n}`)
    for (const key of keys) cache.set(key, 1)
    expect(held(cache, keys).length).toBeLessThanOrEqual(10)
  })

  it('never holds more characters than it may', () => {
    const cache = cacheOf(1_000, 100)
    const keys = Array.from({ length: 50 }, (_, n) => String(n).padStart(10, '0'))
    for (const key of keys) cache.set(key, 1)
    expect(held(cache, keys).join('').length).toBeLessThanOrEqual(100)
  })

  it('does not keep a key that would fill it alone', () => {
    const cache = cacheOf(10, 100)
    cache.set('x'.repeat(51), 1)
    expect(cache.get('x'.repeat(51))).toBeUndefined()
  })

  it('keeps what is in use while a flood of others passes', () => {
    const cache = cacheOf(10)
    cache.set('hot', 1)
    for (let n = 0; n < 1_000; n += 1) {
      cache.set(`cold ${n}`, 1)
      expect(cache.get('hot')).toBe(1)
    }
  })
})
