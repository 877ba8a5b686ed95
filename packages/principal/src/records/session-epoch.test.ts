import { describe, expect, it } from 'vitest'
import { isEndedByAccount } from './credential-records.ts'

describe('a session', () => {
  it.each([
    ['goes on while its account has ended none', 0, {}, false],
    ['ends with all those that began under a smaller number', 0, { sessionEpoch: 1, sessionKept: null }, true],
    ['goes on when it was kept', 0, { sessionEpoch: 1, sessionKept: 'ses_1' }, false],
    ['ends when another was kept', 0, { sessionEpoch: 1, sessionKept: 'ses_2' }, true],
    ['goes on when it began afterwards', 1, { sessionEpoch: 1, sessionKept: null }, false],
  ] as const)('%s', (_what, epoch, grants, ended) => {
    expect(isEndedByAccount({ sessionId: 'ses_1', epoch }, grants)).toBe(ended)
  })

  it('that was written before there were numbers counts as the first', () => {
    expect(isEndedByAccount({ sessionId: 'ses_1' }, { sessionEpoch: 1 })).toBe(true)
  })
})
