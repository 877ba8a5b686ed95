import { clockAt } from '@latchkey/clock/testing'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { describe } from 'vitest'
import { memoryRefreshStore } from '../tokens/store.memory.ts'
import { sessionStoreContract } from './store.contract.ts'
import { memorySessionStore } from './store.memory.ts'

describe('sessions in memory', () => {
  const records = memoryCredentialRecords({ clock: clockAt('2030-01-01T00:00:00Z') })
  const refresh = memoryRefreshStore({ records })
  const store = memorySessionStore({ records, refresh })
  sessionStoreContract(() => ({ store, records, refresh }))
})
