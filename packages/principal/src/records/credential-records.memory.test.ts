import { clockAt } from '@latchkey/clock/testing'
import { expect, it } from 'vitest'
import { keepsCredentialRecords } from './credential-records.contract.ts'
import { memoryCredentialRecords } from './credential-records.memory.ts'

keepsCredentialRecords(async () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  return { records: memoryCredentialRecords({ clock }), nowMs: clock.now().getTime() }
})

it('a session in memory ends when it was idle too long, and at its end however busy', async () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  const startMs = clock.now().getTime()
  const session = {
    sessionId: 's',
    userId: 'u',
    amr: [],
    acr: 'aal1',
    authTimeMs: 0,
    createdAtMs: 0,
    lastSeenAtMs: startMs,
    idleMs: 4_000,
    device: '',
  } as const
  await records.putSession({ ...session, endsAtMs: startMs + 10_000 })
  clock.advance(3_999)
  await records.touchSession('s', { atMs: startMs + 3_999, network: null })
  clock.advance(3_999)
  expect((await records.session('s', 'u')).session).not.toBeNull()
  await records.touchSession('s', { atMs: startMs + 7_998, network: null })
  clock.advance(2_002)
  expect((await records.session('s', 'u')).session).toBeNull()
})
