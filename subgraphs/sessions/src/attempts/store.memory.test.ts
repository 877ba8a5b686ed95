import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { attemptStoreContract } from './store.contract.ts'
import { memoryAttemptStore } from './store.memory.ts'

describe('attempt counters in memory', () => {
  const store = memoryAttemptStore()
  attemptStoreContract(() => store)

  it('go on counting while others are forgotten', async () => {
    const policy = { max: 1, windowMs: 1_000 }
    const takeAt = (counter: string, atMs: number) =>
      store.take(counter, { id: randomUUID(), place: '', atMs }, policy, [])
    for (let atMs = 0; atMs < 5_000; atMs++) await takeAt(randomUUID(), atMs)
    expect(await takeAt('kept', 5_000)).toMatchObject({ outcome: 'granted' })
    for (let turn = 0; turn < 3_000; turn++) await takeAt(randomUUID(), 5_999)
    expect(await takeAt('kept', 5_999)).toMatchObject({ outcome: 'denied' })
  })
})
