import { dayMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { describe, expect, it } from 'vitest'
import { refreshStoreContract } from './store.contract.ts'
import { memoryRefreshStore } from './store.memory.ts'

describe('refresh state in memory', () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  const store = memoryRefreshStore({ records })
  refreshStoreContract(() => ({ store, records }), clock)

  it('is forgotten some time after the session has reached its end, and worth nothing from that instant', async () => {
    await store.begin({ sessionId: 'ended', userId: 'usr_ada', endsAtMs: dayMs }, 0)
    const late = await store.rotate({ sessionId: 'ended', counter: 1 }, { nowMs: dayMs, graceMs: 0 })
    expect(late).toEqual({ outcome: 'unknown' })
    for (let turn = 0; turn < 1_000; turn++) {
      await store.begin({ sessionId: `later ${turn}`, userId: 'usr_eve', endsAtMs: 2 * dayMs }, dayMs)
    }
    const rotation = await store.rotate({ sessionId: 'ended', counter: 1 }, { nowMs: 0, graceMs: 0 })
    expect(rotation).toEqual({ outcome: 'unknown' })
  })
})
