/** Where sessions are kept: in Redis, shared by every process, or in the memory of this one. */

import type { Clock } from '@latchkey/clock'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Redis } from '@latchkey/principal/redis'
import { memoryAttemptStore } from './attempts/store.memory.ts'
import { redisAttemptStore } from './attempts/store.redis.ts'
import type { AttemptStore } from './attempts/store.ts'
import { redisAppliedMark } from './ledger/applied-mark.redis.ts'
import type { AppliedMark } from './ledger/reapply.ts'
import { memorySessionStore } from './sessions/store.memory.ts'
import { redisSessionStore } from './sessions/store.redis.ts'
import type { SessionStore } from './sessions/store.ts'
import { memoryPendingStore } from './sign-in/store.memory.ts'
import { redisPendingStore } from './sign-in/store.redis.ts'
import type { PendingStore } from './sign-in/store.ts'
import { memoryRefreshStore } from './tokens/store.memory.ts'
import { redisRefreshStore } from './tokens/store.redis.ts'
import type { RefreshStore } from './tokens/store.ts'

/** `records` of the same kind must go with it: both keep parts of one session. */
export type StoreChoice = { readonly redis: Redis; readonly prefix: string } | 'memory'

export interface Stores {
  readonly attempts: AttemptStore
  readonly pending: PendingStore
  readonly refresh: RefreshStore
  readonly sessions: SessionStore
  /** Null where nothing outlives the process, so that nothing can come back from an old copy. */
  readonly mark: AppliedMark | null
  /** Calls whenever the store is back after it was away: it may have grown older meanwhile. Answers what ends that. */
  readonly whenBack: (heard: () => void) => () => void
}

export function chooseStores(choice: StoreChoice, records: CredentialRecords, clock: Clock): Stores {
  if (choice === 'memory') {
    const refresh = memoryRefreshStore({ records })
    const sessions = memorySessionStore({ records, refresh })
    const others = { attempts: memoryAttemptStore({ clock }), pending: memoryPendingStore({ clock }) }
    return { ...others, refresh, sessions, mark: null, whenBack: () => () => {} }
  }
  return {
    attempts: redisAttemptStore(choice),
    pending: redisPendingStore(choice),
    refresh: redisRefreshStore(choice),
    sessions: redisSessionStore({ ...choice, records }),
    mark: redisAppliedMark(choice),
    whenBack(heard) {
      choice.redis.on('ready', heard)
      return () => void choice.redis.off('ready', heard)
    },
  }
}
