import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { attemptStoreContract } from './store.contract.ts'
import { memoryAttemptStore } from './store.memory.ts'

describe('attempt counters in memory', () => {
  const store = memoryAttemptStore()
  attemptStoreContract(() => store)

  it('go on counting while others are forgotten', async () => {
    const key = { identifier: 'kept', network: 'kept' }
    const policy = { max: 1, windowMs: 1_000 }
    for (let atMs = 0; atMs < 5_000; atMs++) {
      await store.take({ key: { identifier: randomUUID(), network: 'x' }, tryId: 'x', atMs }, policy)
    }
    expect(await store.take({ key, tryId: 'first', atMs: 5_000 }, policy)).toBe(true)
    for (let turn = 0; turn < 3_000; turn++) {
      await store.take({ key: { identifier: randomUUID(), network: 'x' }, tryId: 'x', atMs: 5_999 }, policy)
    }
    expect(await store.take({ key, tryId: 'second', atMs: 5_999 }, policy)).toBe(false)
  })
})
