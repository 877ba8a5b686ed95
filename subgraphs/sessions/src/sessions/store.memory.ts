/** The sessions of a single process: they end with it. */
import { type CredentialRecords, isEndedByAccount, type SessionRecord } from '@latchkey/principal/credential-records'
import type { MemoryRefreshStore } from '../tokens/store.memory.ts'
import type { SessionStore } from './store.ts'

interface MemorySessionDependencies {
  readonly records: CredentialRecords
  readonly refresh: Pick<MemoryRefreshStore, 'forget' | 'advance'>
}

export function memorySessionStore({ records, refresh }: MemorySessionDependencies): SessionStore {
  /** Ids by user, oldest first. */
  const index = new Map<string, Set<string>>()
  // The grants that come with a session are not wanted here, so nobody's are asked for.
  const read = async (sessionId: string) => (await records.session(sessionId, '')).session

  function drop(userId: string, sessionId: string): boolean {
    const ids = index.get(userId)
    const dropped = ids?.delete(sessionId) ?? false
    if (ids?.size === 0) index.delete(userId)
    return dropped
  }

  /** The index may name sessions that ended by themselves: they are left out, and forgotten. */
  async function living(userId: string): Promise<readonly SessionRecord[]> {
    const ids = [...(index.get(userId) ?? [])].reverse()
    const sessions = await Promise.all(ids.map(read))
    for (const [position, id] of ids.entries()) if (!sessions[position]) drop(userId, id)
    const grants = (await records.grants(userId)) ?? {}
    return sessions.filter((session) => session !== null).filter((session) => !isEndedByAccount(session, grants))
  }

  return {
    async add(session, { idleMs, perUserMax }) {
      await records.putSession(session, idleMs)
      index.set(session.userId, (index.get(session.userId) ?? new Set()).add(session.sessionId))
      return (await living(session.userId)).slice(perUserMax)
    },
    byId: read,
    ofUser: async (userId, max) => (await living(userId)).slice(0, max),
    async prove(sessionId, { atMs, raised, idleMs }) {
      const kept = await read(sessionId)
      // Nothing is awaited between the two: no exchange of a refresh token comes between them.
      const counter = kept && refresh.advance(sessionId, atMs)
      if (!kept || counter === null) return null
      const session = { ...kept, authTimeMs: Math.max(kept.authTimeMs, atMs), ...(raised ? { raised } : {}) }
      await records.putSession(session, idleMs)
      return { session, counter }
    },
    async end({ sessionId, userId }) {
      const first = drop(userId, sessionId)
      refresh.forget(sessionId)
      const lived = (await read(sessionId)) !== null
      await records.endSession(sessionId)
      return first && lived ? 'ended' : 'not there'
    },
    async forgetUser(userId) {
      const ids = [...(index.get(userId) ?? [])]
      index.delete(userId)
      for (const id of ids) refresh.forget(id)
      await Promise.all(ids.map((id) => records.endSession(id)))
      return ids.length
    },
  }
}
