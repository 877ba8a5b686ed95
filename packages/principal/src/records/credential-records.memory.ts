/** The credential records of a single process: they end with it. */
import type { Clock } from '@latchkey/clock'
import { type AccountNews, credentialsChanged } from '../news/account-news.ts'
import {
  type ApiKeyRecord,
  type CredentialRecords,
  type GrantsRecord,
  isLive,
  type SessionRecord,
} from './credential-records.ts'

export interface MemoryRecordsOptions {
  readonly clock: Clock
  /** Where it is told that a record changed; nowhere unless said. */
  readonly news?: Pick<AccountNews, 'tell'>
}

export function memoryCredentialRecords({ clock, news }: MemoryRecordsOptions): CredentialRecords {
  const sessions = new Map<string, SessionRecord>()
  const grants = new Map<string, GrantsRecord>()
  const apiKeys = new Map<string, ApiKeyRecord>()
  const tellChange = (accountId: string) => void news?.tell({ accountId, news: credentialsChanged })

  function liveSession(sessionId: string): SessionRecord | null {
    const session = sessions.get(sessionId)
    if (!session) return null
    if (isLive(session, clock.now().getTime())) return session
    sessions.delete(sessionId)
    return null
  }

  function keepGrants(record: GrantsRecord): void {
    const kept = grants.get(record.userId)
    const ahead = (kept?.epoch ?? -1) - record.epoch || (kept?.judgedAtMs ?? 0) - (record.judgedAtMs ?? 0)
    if (ahead > 0) return
    grants.set(record.userId, record)
    tellChange(record.userId)
  }

  return {
    session: async (sessionId, userId) => ({
      session: liveSession(sessionId),
      grants: grants.get(userId) ?? null,
    }),
    grants: async (userId) => grants.get(userId) ?? null,
    apiKey: async (keyId) => {
      const key = apiKeys.get(keyId) ?? null
      return { key, grants: key && (grants.get(key.ownerId) ?? null) }
    },
    putGrants: async (record) => keepGrants(record),
    putManyGrants: async (records) => {
      for (const record of records) keepGrants(record)
    },
    putApiKey: async (record) => {
      if ((apiKeys.get(record.keyId)?.version ?? -1) > record.version) return
      apiKeys.set(record.keyId, record)
      tellChange(record.ownerId)
    },
    putSession: async (session) => {
      sessions.set(session.sessionId, session)
    },
    touchSession: async (sessionId, { atMs, network }) => {
      const session = liveSession(sessionId)
      if (session)
        sessions.set(sessionId, { ...session, lastSeenAtMs: atMs, lastNetwork: network ?? session.lastNetwork ?? null })
    },
    endSession: async (sessionId) => {
      sessions.delete(sessionId)
    },
    forgetGrants: async (userId) => {
      grants.delete(userId)
      tellChange(userId)
    },
    forgetApiKey: async (keyId) => {
      apiKeys.delete(keyId)
    },
  }
}
