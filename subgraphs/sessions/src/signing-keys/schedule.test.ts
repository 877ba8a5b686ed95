import { dayMs, minuteMs } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { dueSteps, type KeyStation } from './schedule.ts'

const now = new Date('2030-02-01T00:00:00Z')
const since = (agoMs: number) => new Date(now.getTime() - agoMs)
const key = (state: KeyStation['state'], agoMs: number): KeyStation => ({ kid: state, state, since: since(agoMs) })

describe('the schedule of signing keys', () => {
  it.each([
    ['nothing for a key in its prime', [key('active', dayMs)], []],
    ['nothing half an hour and a moment before the end', [key('active', 30 * dayMs - 30 * minuteMs - 1)], []],
    ['a next key half an hour before the end', [key('active', 30 * dayMs - 30 * minuteMs)], ['publish']],
    ['nothing while the next is still young', [key('active', 31 * dayMs), key('next', 30 * minuteMs - 1)], []],
    ['the change after half an hour', [key('active', 30 * dayMs), key('next', 30 * minuteMs)], ['promote next']],
    ['the change also when an operator began it', [key('active', dayMs), key('next', 30 * minuteMs)], ['promote next']],
    ['nothing while tokens of the old one may live', [key('active', 0), key('retiring', 15 * minuteMs - 1)], []],
    ['the end of the old one', [key('active', 0), key('retiring', 15 * minuteMs)], ['retire retiring']],
    ['nothing where there is no key', [], []],
  ] as const)('asks for %s', (_what, stations, steps) => {
    const due = dueSteps(stations, now).map((step) => ('kid' in step ? `${step.kind} ${step.kid}` : step.kind))
    expect(due).toEqual(steps)
  })
})
