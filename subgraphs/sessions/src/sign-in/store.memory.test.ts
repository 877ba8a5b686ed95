import { clockAt } from '@latchkey/clock/testing'
import { describe, expect, it } from 'vitest'
import { pendingStoreContract } from './store.contract.ts'
import { memoryPendingStore } from './store.memory.ts'

describe('pending sign-ins in memory', () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const store = memoryPendingStore({ clock })
  pendingStoreContract(() => store)

  it('end by themselves', async () => {
    await store.add(
      'a',
      { kind: 'passkey', lasting: 'usual', client: 'mac', endsAtMs: 0 },
      { tries: 1, lifetimeMs: 1_000 },
    )
    clock.advance(999)
    expect(await store.byId('a')).not.toBeNull()
    clock.advance(1)
    expect(await store.byId('a')).toBeNull()
    expect(await store.end('a')).toBe('not there')
  })
})
