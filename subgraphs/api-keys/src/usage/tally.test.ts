import { dayMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { KeyUse, UsageBatch } from '@latchkey/principal/key-usage'
import { describe, expect, it } from 'vitest'
import { createAllowance, otherOperations } from './allowance.ts'
import { tallyOf } from './tally.ts'

const at = (time: string) => Date.parse(`2030-01-01T${time}Z`)
const operation = { id: 'Me#1', coordinates: ['Query.me', 'User.id'] }
const use = (overrides: Partial<KeyUse> = {}): KeyUse => ({
  ...{ keyId: 'K1', atMs: at('10:00:01'), operation, outcome: 'OK', subgraphs: ['users', 'sessions'], tookMs: 1 },
  ...overrides,
})
const batchOf = (...uses: KeyUse[]): UsageBatch => ({
  ...{ producer: 'gw', sequence: 1, before: 0, atMs: 0, previousAtMs: null, uses },
})
const all = (_keyId: string, operationId: string) => operationId

describe('a tally', () => {
  it('adds up what a key did alike, by the minute, the hour and the day', () => {
    const uses = [use(), use({ subgraphs: ['sessions', 'users'], tookMs: 5 }), use({ atMs: at('10:01:00') })]
    const { counts } = tallyOf([batchOf(...uses), batchOf(use({ atMs: at('23:59:59.999') }))], all)
    const told = (grain: 'minutes' | 'hours' | 'days') =>
      counts[grain].map(({ atMs, requests, subgraphs }) => [atMs, requests, subgraphs])
    expect(told('minutes')).toEqual([
      [at('10:00:00'), 2, 'sessions,users'],
      [at('10:01:00'), 1, 'sessions,users'],
      [at('23:59:00'), 1, 'sessions,users'],
    ])
    expect(told('hours')).toEqual([
      [at('10:00:00'), 3, 'sessions,users'],
      [at('23:00:00'), 1, 'sessions,users'],
    ])
    expect(told('days')).toEqual([[at('00:00:00'), 4, 'sessions,users']])
    expect(counts.days[0]?.latency.reduce((sum, count) => sum + count)).toBe(4)
  })

  it('tells keys, operations, outcomes and subgraphs apart', () => {
    const others: Partial<KeyUse>[] = [
      ...[{ keyId: 'K2' }, { operation: null }, { operation: { id: 'Me#2', coordinates: [] } }],
      ...[{ outcome: 'ERROR:INTERNAL' } as const, { subgraphs: [] }],
    ]
    const { counts } = tallyOf([batchOf(use(), ...others.map(use))], all)
    expect(counts.minutes.map(({ requests }) => requests)).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('takes what was refused for no use of a coordinate, and what failed for one', () => {
    const denied = use({ keyId: 'K2', outcome: 'DENIED:SCOPE_DENIED' })
    const failed = use({ keyId: 'K3', outcome: 'ERROR:INTERNAL' })
    const { coordinates } = tallyOf([batchOf(use(), denied, failed)], all)
    expect([...coordinates.keys()]).toEqual(['K1', 'K3'])
    expect([...(coordinates.get('K1') ?? [])]).toEqual(operation.coordinates)
  })

  it('knows the last use of each key, refused or not', () => {
    const later = use({ atMs: at('10:05:00'), operation: null, outcome: 'DENIED:DISABLED' })
    const { lastUses } = tallyOf([batchOf(later, use())], all)
    expect(lastUses).toEqual([{ keyId: 'K1', atMs: at('10:05:00'), operationId: '' }])
  })

  it('counts operations beyond an allowance together, and still what they touch', () => {
    const clock = clockAt('2030-01-01T00:00:00Z')
    const allowance = createAllowance({ clock, max: 2 })
    const made = (n: number) => use({ operation: { id: `Made#${n}`, coordinates: [`Query.f${n}`] } })
    const { counts, operations, coordinates } = tallyOf(
      [batchOf(made(1), made(2), made(3), made(4), made(1))],
      allowance,
    )
    expect(counts.days.map(({ operationId, requests }) => [operationId, requests])).toEqual([
      ['Made#1', 2],
      ['Made#2', 1],
      [otherOperations, 2],
    ])
    expect([...operations.keys()]).toEqual(['Made#1', 'Made#2'])
    expect(coordinates.get('K1')?.size).toBe(4)
    expect(allowance('K2', 'Made#9')).toBe('Made#9')
    clock.advance(dayMs)
    expect(allowance('K1', 'Made#9')).toBe('Made#9')
  })
})
