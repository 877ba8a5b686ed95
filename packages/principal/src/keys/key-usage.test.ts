import { describe, expect, it } from 'vitest'
import { type KeyUse, readBatch, type UsageBatch, writeBatch } from './key-usage.ts'

const operation = { id: 'Me#0123456789abcdef', coordinates: ['Query.me', 'User.id'] }
const use = (overrides: Partial<KeyUse> = {}): KeyUse => ({
  keyId: 'Key000000001',
  atMs: 1_900_000_000_000,
  operation,
  outcome: 'OK',
  subgraphs: ['users', 'sessions'],
  tookMs: 1.3,
  ...overrides,
})
const batchOf = (uses: readonly KeyUse[]): UsageBatch => ({
  ...{ producer: 'gw_1', sequence: 7, before: 40, atMs: 1_900_000_000_050, previousAtMs: null, uses },
})

describe('a batch of uses', () => {
  it('comes back from its text as it was', () => {
    const batch = batchOf([
      use(),
      use({ keyId: 'Key000000002', atMs: 1_900_000_000_049, tookMs: 20 }),
      use({ operation: null, outcome: 'DENIED:DISABLED', subgraphs: [] }),
      use({ operation: { id: 'Other#1', coordinates: [] }, outcome: 'ERROR:INTERNAL' }),
    ])
    expect(readBatch(writeBatch(batch))).toEqual(batch)
  })

  it('takes some twenty bytes a use, whatever the operation touches', () => {
    const text = writeBatch(batchOf(Array.from({ length: 500 }, (_, at) => use({ tookMs: at / 10 }))))
    expect(text.length / 500).toBeLessThan(25)
  })

  it.each([
    ['not JSON'],
    ['{}'],
    ['[]'],
    ['[2,"p",1,0,0,null,[],[],[],[],[]]'],
    ['[1,"p",1,0,0,null,[],[],[],[],[[0,0,0,0,0,0]]]'],
  ])('is not read from %s', (text) => expect(readBatch(text)).toBeNull())
})
