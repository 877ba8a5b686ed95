import { randomUUID } from 'node:crypto'
import { clockAt } from '@latchkey/clock/testing'
import { describe, expect, it } from 'vitest'
import { attemptStoreContract } from './store.contract.ts'
import { memoryAttemptStore } from './store.memory.ts'

describe('attempt counters in memory', () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const store = memoryAttemptStore({ clock })
  attemptStoreContract(() => store, clock)

  it('go on counting while others are forgotten', async () => {
    const policy = { max: 1, windowMs: 1_000 }
    const take = (counter: string) => store.take(counter, { id: randomUUID(), place: '' }, policy, [])
    for (let turn = 0; turn < 5_000; turn++) {
      await take(randomUUID())
      clock.advance(1)
    }
    expect(await take('kept')).toMatchObject({ outcome: 'granted' })
    clock.advance(999)
    for (let turn = 0; turn < 3_000; turn++) await take(randomUUID())
    expect(await take('kept')).toMatchObject({ outcome: 'denied' })
  })
})
