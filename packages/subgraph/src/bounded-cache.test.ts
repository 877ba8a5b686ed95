import { describe, expect, it } from 'vitest'
import { createBoundedCache } from './bounded-cache.ts'

describe('a bounded cache', () => {
  it('never holds more entries than allowed, however many come', () => {
    const cache = createBoundedCache<number>({ entriesMax: 100 })
    for (let n = 0; n < 10_000; n++) cache.keep(`key ${n}`, n)
    expect(cache.size).toBe(100)
    expect(cache.find('key 9999')).toBe(9_999)
    expect(cache.find('key 0')).toBeUndefined()
  })

  it('never holds more weight than allowed, and nothing that alone weighs more', () => {
    const cache = createBoundedCache<string>({ entriesMax: 100, weightMax: 10 })
    for (const key of ['a', 'b', 'c']) cache.keep(key, key, 4)
    expect([cache.size, cache.find('a')]).toEqual([2, undefined])
    cache.keep('heavy', 'heavy', 11)
    expect(cache.find('heavy')).toBeUndefined()
    cache.keep('b', 'lighter', 1)
    cache.keep('d', 'd', 5)
    expect(cache.size).toBe(3)
  })

  it('keeps what was used since room was last made, and forgets what was not', () => {
    const cache = createBoundedCache<number>({ entriesMax: 3 })
    for (const key of ['a', 'b', 'c']) cache.keep(key, 1)
    cache.find('a')
    cache.keep('d', 1)
    expect(['a', 'b', 'c', 'd'].map((key) => cache.find(key))).toEqual([1, undefined, 1, 1])
  })

  it('tells what was found most often, also of what was kept anew since', () => {
    const cache = createBoundedCache<string>({ entriesMax: 10 })
    for (const key of ['a', 'b', 'c', 'd']) cache.keep(key, `first ${key}`)
    for (const key of ['b', 'c', 'c', 'c', 'b', 'a']) cache.find(key)
    cache.keep('c', 'second c')
    expect(cache.mostFound(3)).toEqual([
      ['c', 'second c'],
      ['b', 'first b'],
      ['a', 'first a'],
    ])
  })

  it('forgets on request', () => {
    const cache = createBoundedCache<number>({ entriesMax: 1 })
    cache.keep('a', 1)
    cache.forget('a')
    cache.forget('a')
    expect(cache.find('a')).toBeUndefined()
  })
})
