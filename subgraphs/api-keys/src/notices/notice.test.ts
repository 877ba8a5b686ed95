import { dayMs, hourMs } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { daysLeft, expiryNotice, overlapNotice } from './notice.ts'

const now = new Date('2030-06-01T00:00:00Z')
const inDays = (days: number) => new Date(now.getTime() + days * dayMs)
const key = (livesDays: number, leftDays: number) => ({
  createdAt: inDays(leftDays - livesDays),
  expiresAt: inDays(leftDays),
})

describe('what is told of the end of a key', () => {
  it.each([
    [90, 30.01, null],
    [90, 30, 'expires-30'],
    [90, 14.01, 'expires-30'],
    [90, 14, 'expires-14'],
    [90, 3, 'expires-3'],
    [90, 1, 'expires-1'],
    [90, 0.01, 'expires-1'],
    [90, 0, null],
    [90, -1, null],
    [60, 30, 'expires-30'],
    [59, 30, null],
    [30, 14, 'expires-14'],
    [27, 14, null],
    [7, 3, 'expires-3'],
    [5, 3, null],
    [5, 1, 'expires-1'],
    [1, 0.5, null],
  ] as const)('of one that lives %d days, with %d left: %s', (lives, left, expected) => {
    expect(expiryNotice(key(lives, left), now)).toBe(expected)
  })

  it('counts a begun day', () => {
    expect([daysLeft(inDays(2.1), now), daysLeft(inDays(2), now), daysLeft(inDays(-1), now)]).toEqual([3, 2, 0])
  })
})

describe('what is told of a key that was rotated', () => {
  const rotatedAt = now
  const expiresAt = new Date(now.getTime() + 10 * hourMs)
  const at = (hours: number) => new Date(now.getTime() + hours * hourMs)
  it.each([
    [7.99, 1, null],
    [8, 1, 'overlap'],
    [9.99, 0, 'overlap'],
    [10, 1, null],
    [8, -0.01, null],
    [8, null, null],
  ] as const)('after %d of 10 hours, last used in hour %s: %s', (hours, used, expected) => {
    const lastUsedAt = used === null ? null : at(used)
    expect(overlapNotice({ rotatedAt, expiresAt, lastUsedAt }, at(hours))).toBe(expected)
  })
})
