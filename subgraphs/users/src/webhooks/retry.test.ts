import { dayMs, hourMs } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { attemptsMax, delayAfter, parseRetryAfter } from './retry.ts'

const delay = (attempts: number, chance = 0.5, retryAfterMs: number | null = null) =>
  delayAfter({ attempts, chance, retryAfterMs })

describe('the delay before the next try', () => {
  it('is three times as long each time, up to twelve hours, for about three days in all', () => {
    expect([1, 2, 3, 4, 9, 10, 14].map((attempts) => delay(attempts))).toEqual([
      ...[5_000, 15_000, 45_000, 135_000],
      ...[5_000 * 3 ** 8, 12 * hourMs, 12 * hourMs],
    ])
    const all = Array.from({ length: attemptsMax - 1 }, (_, at) => delay(at + 1) ?? 0)
    expect(all.reduce((sum, each) => sum + each, 0) / dayMs).toBeGreaterThan(2.9)
    expect(all.reduce((sum, each) => sum + each, 0) / dayMs).toBeLessThan(3.3)
    expect(delay(attemptsMax)).toBeNull()
  })

  it('is as much as a fifth shorter or longer by chance', () => {
    expect(delay(1, 0)).toBe(4_000)
    expect(delay(1, 0.999_999)).toBe(6_000)
  })

  it('is what the receiver asks for when that is longer, and at most a day', () => {
    expect(delay(1, 0.5, 60_000)).toBe(60_000)
    expect(delay(14, 0.5, 60_000)).toBe(12 * hourMs)
    expect(delay(1, 0.5, 400 * dayMs)).toBe(dayMs)
  })
})

it.each([
  ['120', 120_000],
  ['0', 0],
  ['Tue, 01 Jan 2030 00:00:30 GMT', 30_000],
  ['Mon, 31 Dec 2029 23:00:00 GMT', 0],
  ['soon', null],
  ['-5', null],
  ['1e9', null],
  ['Not, a date', null],
  ['9'.repeat(41), null],
  [undefined, null],
])('Retry-After: %s', (value, expected) => {
  expect(parseRetryAfter(value, new Date('2030-01-01T00:00:00Z'))).toBe(expected)
})
