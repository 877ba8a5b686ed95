import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  auditOf,
  codesOf,
  type Installation,
  install,
  personOf,
  type RunningSessions,
  refresh,
  resultOf,
  signedIn,
  storeKinds,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'

function connectionOf({ connections: [connection] }: Installation) {
  if (!connection) throw new Error('no process has a connection')
  return connection.redis
}

const refused = { __typename: 'SignInRefused', remedy: 'Sign in again.' }

describe.each(storeKinds)('refreshing, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const next = async (refreshToken: string) => resultOf(await refresh(here, refreshToken))
  const record = async (id: string) => (await house.records.session(id, 'usr_ada')).session
  const ends = async () => (await auditOf(house)).filter(({ action }) => action === 'session.end')

  it('gives a new pair of the same session, again and again', async () => {
    const first = await signedIn(here)
    const second = await next(first.refreshToken)
    expect(second).toMatchObject({ __typename: 'SignedIn', session: first.session, user: { id: 'usr_ada' } })
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(await next(second.refreshToken)).toMatchObject({ __typename: 'SignedIn' })
  })

  it('gives exactly one new refresh token to 200 who send the same one at once', async () => {
    const { refreshToken, session } = await signedIn(here)
    const pairs = await Promise.all(Array.from({ length: 200 }, () => next(refreshToken)))
    const successors = new Set(pairs.map((pair) => pair.refreshToken))
    expect(successors.size).toBe(1)
    expect([...successors]).toEqual([expect.stringMatching(new RegExp(`^${session.id}\\.2\\.`))])
  })

  it('ends the session when a token comes back after its successor was used, and writes it down once', async () => {
    const first = await signedIn(here)
    const second = await next(first.refreshToken)
    const third = await next(second.refreshToken)
    expect(await next(first.refreshToken)).toEqual(refused)
    expect(await record(first.session.id)).toBeNull()
    expect(await next(third.refreshToken)).toEqual(refused)
    expect(await ends()).toMatchObject([{ outcome: 'refresh-token-reused', target: first.session.id }])
  })

  it('ends the session once when a used token is replayed 200 times at once', async () => {
    const first = await signedIn(here)
    await next((await next(first.refreshToken)).refreshToken)
    const answers = await Promise.all(Array.from({ length: 200 }, () => next(first.refreshToken)))
    expect(answers).toEqual(Array(200).fill(refused))
    expect(await ends()).toHaveLength(1)
    expect(house.users.toldOfTokens).toEqual(['usr_ada'])
  })

  it('ends the session also when nobody can be asked to tell the person', async () => {
    const first = await signedIn(here)
    await next((await next(first.refreshToken)).refreshToken)
    house.users.state = 'overloaded'
    expect(await next(first.refreshToken)).toEqual(refused)
    expect([await record(first.session.id), house.users.toldOfTokens]).toEqual([null, []])
  })

  it('tells nobody of a repetition that is forgiven, and nobody else of a token that is not', async () => {
    const first = await signedIn(here)
    await next(first.refreshToken)
    await next(first.refreshToken)
    await next('ses_0000000000000000000000.1.key.mac')
    expect(house.users.toldOfTokens).toEqual([])
  })

  it('forgives the repetition of a lost answer for ten seconds, not longer', async () => {
    const first = await signedIn(here)
    const second = await next(first.refreshToken)
    house.clock.advance(10_000)
    expect((await next(first.refreshToken)).refreshToken).toBe(second.refreshToken)
    house.clock.advance(1)
    expect(await next(first.refreshToken)).toEqual(refused)
    expect(await next(second.refreshToken)).toEqual(refused)
  })

  it('keeps a session alive that is used once a week, for thirty days and not longer', async () => {
    let pair = await signedIn(here)
    for (let week = 0; week < 4; week++) {
      house.clock.advance(7 * dayMs - hourMs)
      pair = await next(pair.refreshToken)
    }
    house.clock.advance(2 * dayMs + 4 * hourMs - minuteMs)
    pair = await next(pair.refreshToken)
    expect(Date.parse(pair.expiresAt)).toBe(Date.parse('2030-01-31T00:00:00Z'))
    house.clock.advance(minuteMs)
    expect(await next(pair.refreshToken)).toEqual(refused)
  })

  it('refuses when the session has been idle for a week', async () => {
    const { refreshToken } = await signedIn(here)
    house.clock.advance(7 * dayMs)
    expect(await next(refreshToken)).toEqual(refused)
  })

  it('says that the session was used', async () => {
    const { refreshToken, session } = await signedIn(here)
    house.clock.advance(hourMs)
    await next(refreshToken)
    expect((await record(session.id))?.lastSeenAtMs).toBe(house.clock.now().getTime())
  })

  it('refuses when the session was signed out or revoked', async () => {
    const [one, other] = [await signedIn(here), await signedIn(here)]
    await here.ask('mutation { signOut { sessionId } }', { principal: personOf(one) })
    const revoke = `mutation { revokeSession(id: "${other.session.id}") { sessionId } }`
    expect((await here.ask(revoke, { principal: personOf(one) })).errors).toBeUndefined()
    expect(await next(one.refreshToken)).toEqual(refused)
    expect(await next(other.refreshToken)).toEqual(refused)
  })

  it('refuses while the account is known to be inactive', async () => {
    const { refreshToken } = await signedIn(here)
    await house.records.putGrants({ userId: 'usr_ada', epoch: 2, active: false, roles: [], scopes: [] })
    expect(await next(refreshToken)).toEqual(refused)
    const graced = { userId: 'usr_ada', epoch: 3, active: true, activeUntilMs: house.clock.now().getTime() }
    await house.records.putGrants({ ...graced, roles: [], scopes: [] })
    expect(await next(refreshToken)).toEqual(refused)
  })

  it('refuses when the account has ended its sessions, and goes on for the one that it kept', async () => {
    const [kept, lost] = [await signedIn(here), await signedIn(here)]
    const ended = { sessionEpoch: 1, sessionKept: kept.session.id }
    await house.records.putGrants({ userId: 'usr_ada', epoch: 2, active: true, roles: [], scopes: [], ...ended })
    expect(await next(lost.refreshToken)).toEqual(refused)
    expect(await next(kept.refreshToken)).toMatchObject({ __typename: 'SignedIn' })
  })

  it('gives a new token of nobody else’s session for an altered one', async () => {
    const [ada, eve] = [
      await signedIn(here),
      await signedIn(here, { email: 'eve@example.org', password: 'correct horse' }),
    ]
    const forged = eve.refreshToken.replace(eve.session.id, ada.session.id)
    expect(await next(forged)).toEqual(refused)
    expect(await record(ada.session.id)).not.toBeNull()
  })
})

describe.skipIf(!hasRedis)('refreshing, on processes that share Redis', () => {
  let house: Installation
  beforeEach(async () => {
    house = await install('redis')
  })
  afterEach(() => house.stop())

  it('gives exactly one new refresh token to 200 who send the same one to two processes at once', async () => {
    const processes = [await house.startProcess(), await house.startProcess()] as const
    const { refreshToken } = await signedIn(processes[0])
    const answers = Array.from({ length: 100 }, () => processes.map((process) => refresh(process, refreshToken)))
    const pairs = (await Promise.all(answers.flat())).map(resultOf)
    expect(new Set(pairs.map((pair) => pair.refreshToken)).size).toBe(1)
  })

  it('touches no store for a token that we did not make', async () => {
    const here = await house.startProcess()
    const { refreshToken } = await signedIn(here)
    const asked = vi.spyOn(house.database, 'query')
    const sent = vi.spyOn(connectionOf(house).stream, 'write')
    const forgeries = Array.from({ length: 500 }, (_, turn) => refreshToken.replace('.1.', `.${turn + 2}.`))
    const answers = await Promise.all(forgeries.map((forgery) => refresh(here, forgery)))
    expect(answers.map(resultOf)).toEqual(Array(500).fill(refused))
    expect(asked).not.toHaveBeenCalled()
    const heartbeat = /ping/i
    expect(sent.mock.calls.filter(([chunk]) => !heartbeat.test(String(chunk)))).toEqual([])
  })

  it('is UNAVAILABLE while Redis is away, and nothing is signed out by it', async () => {
    const here = await house.startProcess()
    const { refreshToken } = await signedIn(here)
    const connection = connectionOf(house)
    connection.disconnect()
    expect(codesOf(await refresh(here, refreshToken))).toEqual(['UNAVAILABLE'])
    await expect.poll(() => connection.status).toBe('end')
    await connection.connect()
    expect(resultOf(await refresh(here, refreshToken))).toMatchObject({ __typename: 'SignedIn' })
  })
})
