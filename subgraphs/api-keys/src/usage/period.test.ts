import { dayMs } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { parseFirst, parsePeriod, parseSpan } from './period.ts'

const now = new Date('2030-01-31T10:20:30.500Z')
const told = (from?: unknown, to?: unknown, granularity: 'MINUTE' | 'HOUR' | 'DAY' = 'HOUR') => {
  const period = parsePeriod({ from, to }, granularity, now)
  return [period.grain, period.from.toISOString(), period.to.toISOString()]
}
const faults = (parse: () => unknown) => {
  try {
    return parse()
  } catch (error) {
    return (error as { facts: { fields: unknown } }).facts.fields
  }
}

describe('a period', () => {
  it('begins with the minute, hour or day that it is asked from', () => {
    expect(told('2030-01-31T09:59:59Z', '2030-01-31T10:00:00Z')).toEqual([
      ...['hours', '2030-01-31T09:00:00.000Z', '2030-01-31T10:00:00.000Z'],
    ])
    expect(told('2030-01-30T23:00:00Z', undefined, 'DAY')[1]).toBe('2030-01-30T00:00:00.000Z')
  })

  it('is the last hour by minutes, the last day by hours, the last month by days, unless said; and has now in it', () => {
    expect(told(undefined, undefined, 'MINUTE')[1]).toBe('2030-01-31T09:20:00.000Z')
    expect(told()[1]).toBe('2030-01-30T10:00:00.000Z')
    expect(told(undefined, undefined, 'DAY')[1]).toBe('2030-01-01T00:00:00.000Z')
    expect(Date.parse(String(told()[2]))).toBeGreaterThan(now.getTime())
  })

  it('names what is wrong', () => {
    expect(faults(() => told('yesterday', 'x'.repeat(10_000)))).toEqual({
      from: expect.stringContaining('must be a moment'),
      to: expect.stringContaining('must be a moment'),
    })
    expect(faults(() => told('2030-01-31T10:00:00Z', '2030-01-31T10:00:00Z'))).toEqual({ from: 'must be before `to`' })
    expect(faults(() => told('2020-01-01T00:00:00Z', undefined, 'MINUTE'))).toEqual({
      from: 'must be at most 1,500 minutes before `to`; ask less finely',
    })
  })

  it('is told by the hour while hours are kept and it is short, else by the day', () => {
    const grain = (from?: string) => parseSpan({ from }, now, 10 * dayMs).grain
    expect([grain('2030-01-30T00:00:00Z'), grain('2030-01-02T00:00:00Z'), grain()]).toEqual(['hours', 'days', 'days'])
    expect(parseSpan({ from: '2030-01-02T00:00:00Z', to: '2030-01-03T00:00:00Z' }, now, 10 * dayMs).grain).toBe('days')
  })
})

it('how many at most is 10 unless said, and within bounds', () => {
  expect([parseFirst(undefined, 50), parseFirst(null, 5), parseFirst(50, 50)]).toEqual([10, 5, 50])
  for (const first of [0, 51, -1]) expect(faults(() => parseFirst(first, 50))).toEqual({ first: 'must be 1 to 50' })
})
