import { expect, it } from 'vitest'
import { readUses, type UsesInput } from './uses.ts'

const now = new Date('2030-01-01T00:00:00Z')
const read = (uses: UsesInput['uses'] | undefined, before = {}) =>
  readUses({ ...(uses !== undefined && { uses }) }, before, { now })

it('are given as of now, and never refilled unless that is said', () => {
  expect(read({ limit: 5 })).toEqual({ part: { uses: { limit: 5, refill: 'NEVER', issue: now.getTime() } } })
  expect(read({ limit: 5, refill: 'DAILY' }).part?.uses?.refill).toBe('DAILY')
})

it('are given anew with each naming, also when the clock was set back', () => {
  const issue = now.getTime() + 60_000
  expect(read({ limit: 5 }, { uses: { limit: 5, refill: 'NEVER', issue } }).part?.uses?.issue).toBe(issue + 1)
})

it('stay where nothing is said, and are not counted any more without a number', () => {
  expect([read(undefined), read(null)]).toEqual([{}, {}])
  for (const uses of [{}, { limit: null }, { refill: 'DAILY' } as const])
    expect(read(uses)).toEqual({ part: { uses: undefined } })
})

it.each([0, -1, 1_000_000_001])('%i is no number of uses', (limit) => {
  expect(Object.keys(read({ limit }).faults ?? {})).toEqual(['input.uses.limit'])
})
