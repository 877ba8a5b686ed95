/** The sessions of a single process: they end with it. */
import { type CredentialRecords, isEndedByAccount, type SessionRecord } from '@latchkey/principal/credential-records'
import type { MemoryRefreshStore } from '../tokens/store.memory.ts'
import type { SessionStore } from './store.ts'

interface MemorySessionDependencies {
  readonly records: CredentialRecords
  readonly refresh: Pick<MemoryRefreshStore, 'forget' | 'advance'>
}

export function memorySessionStore({ records, refresh }: MemorySessionDependencies): SessionStore {
  /** Ids by user, oldest first, and in whose hands each is. */
  const index = new Map<string, Map<string, 'own' | 'staff'>>()
  // The grants that come with a session are not wanted here, so nobody's are asked for.
  const read = async (sessionId: string) => (await records.session(sessionId, '')).session

  function drop(userId: string, sessionId: string): boolean {
    const ids = index.get(userId)
    const dropped = ids?.delete(sessionId) ?? false
    if (ids?.size === 0) index.delete(userId)
    return dropped
  }

  /** The index may name sessions that ended by themselves: they are left out, and forgotten. */
  async function kept(userId: string): Promise<readonly SessionRecord[]> {
    const ids = [...(index.get(userId)?.keys() ?? [])].reverse()
    const sessions = await Promise.all(ids.map(read))
    for (const [position, id] of ids.entries()) if (!sessions[position]) drop(userId, id)
    return sessions.filter((session) => session !== null)
  }

  /** The sessions of a user, and those among them that the account has ended. */
  async function standings(userId: string) {
    const sessions = await kept(userId)
    const grants = (await records.grants(userId)) ?? {}
    return { sessions, ended: sessions.filter((session) => isEndedByAccount(session, grants)) }
  }

  async function living(userId: string): Promise<readonly SessionRecord[]> {
    const { sessions, ended } = await standings(userId)
    return sessions.filter((session) => !ended.includes(session))
  }

  async function end({ sessionId, userId }: Pick<SessionRecord, 'sessionId' | 'userId'>) {
    const first = drop(userId, sessionId)
    refresh.forget(sessionId)
    const lived = (await read(sessionId)) !== null
    await records.endSession(sessionId)
    return first && lived ? 'ended' : 'not there'
  }

  return {
    async add(session, { atMost } = { atMost: Number.POSITIVE_INFINITY }) {
      await records.putSession(session)
      // From here to the answer nothing comes between.
      const ids = index.get(session.userId) ?? new Map<string, 'own' | 'staff'>()
      const own = [...ids.values()].filter((hands) => hands === 'own').length
      if (own >= atMost) {
        await records.endSession(session.sessionId)
        return 'full'
      }
      index.set(session.userId, ids.set(session.sessionId, session.act ? 'staff' : 'own'))
      return session.act ? own : own + 1
    },
    async sweep(userId) {
      const { sessions, ended } = await standings(userId)
      await Promise.all(ended.map(end))
      return sessions.filter((session) => !session.act && !ended.includes(session)).length
    },
    async forgetEnded(userId) {
      const { ended } = await standings(userId)
      const endings = await Promise.all(ended.map(end))
      return ended.filter((_, at) => endings[at] === 'ended')
    },
    byId: read,
    async ofUser(userId, max) {
      let own = 0
      return (await living(userId)).filter(({ act }) => act || own++ < max)
    },
    async prove(sessionId, { atMs, shown }) {
      const kept = await read(sessionId)
      // Nothing is awaited between the two: no exchange of a refresh token comes between them.
      const counter = kept && refresh.advance(sessionId, atMs)
      if (!kept || counter === null) return null
      const { raised: _, ...plain } = kept
      const worth = 'untilMs' in shown ? { raised: shown } : ({ amr: shown.amr, acr: 'aal1' } as const)
      const session = { ...plain, authTimeMs: Math.max(kept.authTimeMs, atMs), ...worth }
      await records.putSession(session)
      return { session, counter }
    },
    end,
    async forgetUser(userId) {
      const ids = [...(index.get(userId)?.keys() ?? [])]
      index.delete(userId)
      for (const id of ids) refresh.forget(id)
      await Promise.all(ids.map((id) => records.endSession(id)))
      return ids.length
    },
  }
}
