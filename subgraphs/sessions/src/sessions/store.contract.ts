/** What every store of sessions must do. */
import { randomUUID } from 'node:crypto'
import { dayMs } from '@latchkey/clock'
import type { CredentialRecords, SessionRecord } from '@latchkey/principal/credential-records'
import { expect, it } from 'vitest'
import type { RefreshStore } from '../tokens/store.ts'
import type { SessionStore } from './store.ts'

const startMs = Date.parse('2030-01-01T00:00:00Z')
const perUserMax = 3

const aSession = (userId: string, createdAtMs = startMs): SessionRecord => ({
  ...{ sessionId: randomUUID(), userId, amr: ['pwd'], acr: 'aal1', device: 'curl/8' },
  ...{ authTimeMs: createdAtMs, createdAtMs, lastSeenAtMs: createdAtMs, endsAtMs: createdAtMs + 30 * dayMs },
})

export interface OpenedSessionStore {
  readonly store: SessionStore
  readonly records: CredentialRecords
  readonly refresh: RefreshStore
}

export function sessionStoreContract(open: () => OpenedSessionStore): void {
  async function withSessions(count: number) {
    const { store } = open()
    const userId = randomUUID()
    const sessions = Array.from({ length: count }, (_, turn) => aSession(userId, startMs + turn))
    const surplus: SessionRecord[] = []
    for (const session of sessions) surplus.push(...(await store.add(session, perUserMax)))
    return { store, userId, sessions, surplus }
  }

  it('finds a session by its id, whole, and nothing by another', async () => {
    const { store, sessions } = await withSessions(1)
    expect(await store.byId(sessions[0]?.sessionId ?? '')).toEqual(sessions[0])
    expect(await store.byId(randomUUID())).toBeNull()
  })

  it('lists the sessions of a user, newest first, no more than asked for', async () => {
    const { store, userId, sessions } = await withSessions(3)
    const [oldest, middle, newest] = sessions
    expect(await store.ofUser(userId, 100)).toEqual([newest, middle, oldest])
    expect(await store.ofUser(userId, 2)).toEqual([newest, middle])
    expect(await store.ofUser(randomUUID(), 100)).toEqual([])
  })

  it('forgets every session of a user with its refresh state, and nobody else’s', async () => {
    const { store, refresh } = open()
    const [userId, other] = [randomUUID(), randomUUID()]
    const [one, two, kept] = [aSession(userId), aSession(userId), aSession(other)]
    for (const session of [one, two, kept]) {
      await store.add(session, perUserMax)
      await refresh.begin(session, startMs)
    }
    expect(await store.forgetUser(userId)).toBe(2)
    expect(await store.forgetUser(userId)).toBe(0)
    expect([await store.byId(one.sessionId), await store.ofUser(userId, 100)]).toEqual([null, []])
    const at = { nowMs: startMs, graceMs: 0 }
    expect(await refresh.rotate({ sessionId: two.sessionId, counter: 1 }, at)).toEqual({ outcome: 'unknown' })
    expect(await refresh.rotate({ sessionId: kept.sessionId, counter: 1 }, at)).toMatchObject({ outcome: 'rotated' })
    expect(await store.ofUser(other, 100)).toEqual([kept])
  })

  it('tells which sessions are too many: the oldest', async () => {
    const { sessions, surplus } = await withSessions(4)
    expect(surplus).toEqual([sessions[0]])
  })

  it('does not count sessions that have ended by themselves', async () => {
    const { store, userId, sessions } = await withSessions(3)
    const { records } = open()
    await records.endSession(sessions[2]?.sessionId ?? '')
    expect(await store.add(aSession(userId, startMs + 3), perUserMax)).toEqual([])
    expect(await store.ofUser(userId, 100)).toHaveLength(3)
  })

  it('ends a session with its record, its refresh state and its place in the list', async () => {
    const { store, userId, sessions } = await withSessions(2)
    const { records, refresh } = open()
    const [ended] = sessions
    if (!ended) throw new Error('there is no session')
    await refresh.begin(ended, startMs)
    expect(await store.end(ended)).toBe('ended')
    expect(await store.byId(ended.sessionId)).toBeNull()
    expect((await records.session(ended.sessionId, userId)).session).toBeNull()
    expect(await store.ofUser(userId, 100)).toEqual([sessions[1]])
    const rotation = await refresh.rotate({ sessionId: ended.sessionId, counter: 1 }, { nowMs: startMs, graceMs: 0 })
    expect(rotation).toEqual({ outcome: 'unknown' })
  })

  it('tells exactly one of many who end a session at once that it ended', async () => {
    const { store, sessions } = await withSessions(1)
    const [session] = sessions
    if (!session) throw new Error('there is no session')
    const answers = await Promise.all(Array.from({ length: 50 }, () => store.end(session)))
    expect(answers.filter((answer) => answer === 'ended')).toHaveLength(1)
    expect(await store.end(session)).toBe('not there')
  })

  it('does not bring an ended session back by touching it', async () => {
    const { store, sessions } = await withSessions(1)
    const [session] = sessions
    if (!session) throw new Error('there is no session')
    await store.end(session)
    await open().records.touchSession(session.sessionId, { atMs: startMs + 1, network: null })
    expect(await store.byId(session.sessionId)).toBeNull()
  })
}
