/** What every store of sessions must do. */
import { randomUUID } from 'node:crypto'
import { dayMs } from '@latchkey/clock'
import type { CredentialRecords, SessionRecord } from '@latchkey/principal/credential-records'
import { expect, it } from 'vitest'
import type { RefreshStore } from '../tokens/store.ts'
import type { SessionStore } from './store.ts'

const startMs = Date.parse('2030-01-01T00:00:00Z')

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
    const counts: (number | 'full')[] = []
    for (const session of sessions) counts.push(await store.add(session))
    return { store, userId, sessions, counts }
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
      await store.add(session)
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

  it('counts the sessions of a user, and keeps no more than asked for, of any number at once', async () => {
    const { store, userId, counts } = await withSessions(2)
    expect(counts).toEqual([1, 2])
    const more = Array.from({ length: 50 }, (_, turn) => aSession(userId, startMs + 2 + turn))
    const answers = await Promise.all(more.map((session) => store.add(session, { atMost: 5 })))
    expect(answers.filter((answer) => answer !== 'full').sort()).toEqual([3, 4, 5])
    expect(await store.ofUser(userId, 100)).toHaveLength(5)
    const refused = more.filter((_, turn) => answers[turn] === 'full')
    expect(await Promise.all(refused.map(({ sessionId }) => store.byId(sessionId)))).toEqual(Array(47).fill(null))
  })

  it('lists sessions in the hands of staff beside those of the person, and counts them for nothing', async () => {
    const { store, userId, sessions } = await withSessions(1)
    const act = { sub: 'usr_staff', sid: 'ses_staff', write: false }
    const [lent, other] = [1, 3].map((turn) => ({ ...aSession(userId, startMs + turn), act }))
    if (!lent || !other) throw new Error('there is no session')
    expect(await store.add(lent)).toBe(1)
    const own = aSession(userId, startMs + 2)
    expect(await store.add(own, { atMost: 2 })).toBe(2)
    await store.add(other)
    expect(await store.ofUser(userId, 100)).toEqual([other, own, lent, sessions[0]])
    expect(await store.ofUser(userId, 2)).toEqual([other, own, lent, sessions[0]])
    expect(await store.sweep(userId)).toBe(2)
    expect(await store.add(aSession(userId, startMs + 4), { atMost: 2 })).toBe('full')
    expect(await store.forgetUser(userId)).toBe(4)
  })

  it('sweeps out what ended by itself or by its account, and counts the rest', async () => {
    const { store, userId, sessions } = await withSessions(4)
    const { records } = open()
    const [gone, kept] = sessions
    await records.endSession(gone?.sessionId ?? '')
    expect(await store.sweep(userId)).toBe(3)
    const grants = { userId, epoch: 1, active: true, roles: [], scopes: [], sessionEpoch: 1 }
    await records.putGrants({ ...grants, sessionKept: kept?.sessionId ?? '' })
    expect(await store.sweep(userId)).toBe(1)
    await records.forgetGrants(userId)
    expect(await store.sweep(userId)).toBe(1)
    expect(await store.byId(kept?.sessionId ?? '')).toEqual(kept)
    await records.putGrants({ ...grants, epoch: 2, sessionKept: null })
    expect(await store.sweep(userId)).toBe(0)
    expect(await store.add({ ...aSession(userId), epoch: 1 }, { atMost: 1 })).toBe(1)
  })

  it('forgets what an account has ended, and tells one of many which sessions those were', async () => {
    const { store, userId, sessions } = await withSessions(3)
    const { records } = open()
    const [first, second, kept] = sessions
    const grants = { userId, epoch: 1, active: true, roles: [], scopes: [], sessionEpoch: 1 }
    expect(await store.forgetEnded(userId)).toEqual([])
    await records.putGrants({ ...grants, sessionKept: kept?.sessionId ?? '' })
    const told = (await Promise.all(Array.from({ length: 20 }, () => store.forgetEnded(userId)))).flat()
    expect(told.map(({ sessionId }) => sessionId).sort()).toEqual([first?.sessionId, second?.sessionId].sort())
    expect(await store.ofUser(userId, 100)).toEqual([kept])
    expect(await store.byId(first?.sessionId ?? '')).toBeNull()
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

  it('notes a new proof and moves the refresh token on, in one step, and leaves all else of the record as it was', async () => {
    const { store, refresh } = open()
    const session = {
      ...aSession(randomUUID()),
      amr: [],
      device: 'a "raised":{} device, "authTimeMs":5, "acr":"aal2", "amr":[]',
    }
    await store.add(session)
    await refresh.begin(session, startMs)
    const raised = { amr: ['pwd', 'otp'], untilMs: startMs + 600_000 }
    const prove = (atMs: number, shown: typeof raised | { readonly amr: readonly string[] }) =>
      store.prove(session.sessionId, { atMs, shown, idleMs: dayMs })
    const first = { ...session, authTimeMs: startMs + 1, raised }
    expect(await prove(startMs + 1, raised)).toEqual({ session: first, counter: 2 })
    const second = { ...session, amr: ['mca', 'pwd'], acr: 'aal1', authTimeMs: startMs + 2 }
    expect(await prove(startMs + 2, { amr: ['mca', 'pwd'] })).toEqual({ session: second, counter: 3 })
    const again = { amr: ['hwk'], untilMs: startMs + 700_000 }
    expect(await prove(startMs, again)).toEqual({ session: { ...second, raised: again }, counter: 4 })
    expect(await store.byId(session.sessionId)).toEqual({ ...second, raised: again })
    const at = { nowMs: startMs + 2, graceMs: 10_000 }
    const rotate = (counter: number) => refresh.rotate({ sessionId: session.sessionId, counter }, at)
    expect(await rotate(3)).toMatchObject({ outcome: 'repeated', counter: 4 })
    expect(await rotate(2)).toMatchObject({ outcome: 'reused' })
    expect(await prove(startMs + 3, raised)).toBeNull()
  })

  it('proves no session that has ended, and gives each of many proofs at once a refresh token of its own', async () => {
    const { store, refresh } = open()
    const session = aSession(randomUUID())
    await store.add(session)
    await refresh.begin(session, startMs)
    const proof = { atMs: startMs + 1, shown: { amr: ['pwd'] }, idleMs: dayMs }
    const answers = await Promise.all(Array.from({ length: 50 }, () => store.prove(session.sessionId, proof)))
    expect(answers.map((answer) => answer?.counter).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 50 }, (_, turn) => turn + 2),
    )
    await store.end(session)
    expect(await store.prove(session.sessionId, proof)).toBeNull()
    expect(await store.byId(session.sessionId)).toBeNull()
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
