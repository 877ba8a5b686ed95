import { dayMs } from '@latchkey/clock'
import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { anonymous, type Principal } from '@latchkey/principal'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  auditOf,
  correct,
  type Installation,
  install,
  personOf,
  type RunningSessions,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'
import { createSessions } from '../sessions/service.ts'
import { type SessionLimit, sessionTerms } from '../sessions/session.ts'
import { memorySessionStore } from '../sessions/store.memory.ts'
import { memoryRefreshStore } from '../tokens/store.memory.ts'
import { passkeyAnswer, rightFactor } from '../users.fixture.ts'
import { complete, home, result, resultOf, signIn, times, typesOf } from './ceremony.fixture.ts'

const refuse = (max: number): SessionLimit => ({ max, onExcess: 'REFUSE' })
const endOldest = (max: number): SessionLimit => ({ max, onExcess: 'END_OLDEST' })
const finishOperation = `mutation ($input: FinishPasskeySignInInput!) { finishPasskeySignIn(input: $input) { ${result} } }`

/** So many people are about to finish signing in with a passkey, spread over the processes: the one way that takes no tries. */
const begun = (count: number, processes: readonly RunningSessions[], principal: Principal = anonymous) =>
  times(count, async (turn) => {
    const process = processes[turn % processes.length]
    if (!process) throw new Error('there is no process')
    const operation = 'mutation { startPasskeySignIn { challengeId options } }'
    const started = resultOf(await process.ask(operation, { client: home })) as unknown as Record<string, string>
    const { challenge } = JSON.parse(started.options ?? '') as { challenge: string }
    const input = { challengeId: started.challengeId, response: passkeyAnswer('usr_ada', challenge) }
    return () => process.ask(finishOperation, { variables: { input }, client: home, principal })
  })

/** Those of Ada that live. */
async function listed(process: RunningSessions | undefined): Promise<readonly unknown[] | undefined> {
  const list = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { sessions { id } } } }'
  const variables = { of: [{ __typename: 'User', id: 'usr_ada' }] }
  const answer = await process?.ask(list, { principal: aUser({ userId: 'usr_ada' }), variables })
  const [user] = (answer?.data?._entities ?? []) as { readonly sessions: readonly unknown[] }[]
  return user?.sessions
}

describe.each(storeKinds)('as many sessions as a role allows, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const typeOf = async () => (await signIn(here)).__typename
  const outcomes = async () => {
    const text = 'SELECT outcome, method FROM sessions.sign_in_attempts ORDER BY outcome, method'
    return house.database.query<{ outcome: string; method: string }>({ name: 'test_outcomes', text }, [])
  }

  it('and the oldest ends where one more may begin', async () => {
    house.users.sessionLimit = endOldest(2)
    const [oldest] = await times(1, () => signIn(here))
    for (let turn = 0; turn < 2; turn++) {
      house.clock.advance(1)
      expect(await typeOf()).toBe('SignedIn')
    }
    const ends = (await auditOf(house)).filter(({ action }) => action === 'session.end')
    expect(ends).toMatchObject([{ outcome: 'too-many-sessions', target: oldest?.session.id }])
  })

  it('and of many at once no ending is tried more often than there are beginnings', async () => {
    house.users.sessionLimit = endOldest(5)
    const finishes = await begun(60, [here])
    const asked = vi.spyOn(house.database, 'query')
    expect(typesOf(await Promise.all(finishes.map((finish) => finish())))).toEqual(Array(60).fill('SignedIn'))
    const endings = asked.mock.calls.filter(([{ name }]) => name === 'sessions_ledger_ended')
    expect([await listed(here), endings.length]).toEqual([expect.objectContaining({ length: 5 }), 55])
  })

  it('are told to whoever proved who they are, where one more is refused, and to nobody else', async () => {
    house.users.sessionLimit = refuse(1)
    const first = await signIn(here)
    house.clock.advance(1)
    expect(await signIn(here)).toEqual({ __typename: 'SessionLimitReached', limit: 1 })
    expect(await signIn(here, wrong)).toMatchObject({ __typename: 'SignInRefused' })
    expect((await outcomes()).map(({ outcome }) => outcome)).toEqual(['REFUSED', 'SESSION_LIMIT_REACHED', 'SIGNED_IN'])
    expect((await auditOf(house)).map(({ action }) => action)).toEqual(['session.begin', 'sign-in.refuse'])
    await here.ask('mutation { signOut { sessionId } }', { principal: personOf(first) })
    expect(await typeOf()).toBe('SignedIn')
  })

  it('cost nobody a try, however often one more is refused', async () => {
    house.users.sessionLimit = refuse(1)
    await signIn(here)
    for (let turn = 0; turn < 12; turn++) expect(await typeOf()).toBe('SessionLimitReached')
    for (let turn = 0; turn < 9; turn++) await signIn(here, wrong)
    expect(await typeOf()).toBe('SessionLimitReached')
  })

  it('never cost the one that the account kept, also where Redis does not know which that is', async () => {
    house.users.sessionLimit = refuse(2)
    const [kept] = await times(1, () => signIn(here))
    house.clock.advance(1)
    const other = await signIn(here)
    house.users.sessionEpoch = 1
    house.users.sessionKept = kept?.session.id ?? ''
    await house.records.forgetGrants('usr_ada')
    expect(await typeOf()).toBe('SignedIn')
    expect(await typeOf()).toBe('SessionLimitReached')
    expect((await house.records.session(kept?.session.id ?? '', '')).session).not.toBeNull()
    expect((await house.records.session(other.session.id, '')).session).toBeNull()
  })

  it('cost nobody the session they come with where they are turned away, their own or another’s', async () => {
    const isAlive = async (id: string) => (await house.records.session(id, '')).session !== null
    const signInAs = (email: string, principal: Principal) =>
      here.ask('mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }', {
        ...{ principal, client: home },
        variables: { input: { email, password: 'correct horse' } },
      })
    const [ada, eve] = [await signIn(here), await signIn(here, { ...correct, email: 'eve@example.org' })]
    const second = await signIn(here)
    house.users.sessionLimit = refuse(1)
    for (const coming of [ada, eve])
      expect((await signInAs('ada@example.org', personOf(coming))).data?.signIn).toEqual({
        __typename: 'SessionLimitReached',
      })
    for (const { session } of [ada, eve, second]) expect(await isAlive(session.id)).toBe(true)
    house.users.sessionLimit = refuse(2)
    expect((await signInAs('ada@example.org', personOf(ada))).data?.signIn).toEqual({ __typename: 'SignedIn' })
    house.users.sessionLimit = refuse(3)
    expect((await signInAs('ada@example.org', personOf(eve))).data?.signIn).toEqual({ __typename: 'SignedIn' })
    for (const { session } of [ada, eve]) expect(await isAlive(session.id)).toBe(false)
    expect(await isAlive(second.session.id)).toBe(true)
  })

  it('are no more for many at once that come with the same session', async () => {
    house.users.sessionLimit = refuse(3)
    const [coming] = await times(3, () => signIn(here))
    const principal = coming && personOf(coming)
    const finishes = await begun(20, [here], principal)
    const types = typesOf(await Promise.all(finishes.map((finish) => finish())))
    expect(types).toContain('SessionLimitReached')
    expect((await house.records.session(coming?.session.id ?? '', '')).session).toBeNull()
    expect(await listed(here)).toMatchObject({ length: 3 })
  })

  it('count for a second factor and for a passkey', async () => {
    house.users.sessionLimit = refuse(1)
    await signIn(here)
    const [finish] = await begun(1, [here])
    house.users.secondFactors = ['TOTP']
    const { challengeId } = await signIn(here)
    const answers = [await complete(here, { challengeId, totp: rightFactor('usr_ada') }), await finish?.()]
    for (const answer of answers) expect(answer?.data && Object.values(answer.data)[0]).toMatchObject({ limit: 1 })
    const turnedAway = (await outcomes()).filter(({ outcome }) => outcome === 'SESSION_LIMIT_REACHED')
    expect(turnedAway.map(({ method }) => method)).toEqual(['PASSKEY', 'SECOND_FACTOR'])
  })

  it('do not count those that have ended without a word', async () => {
    house.users.sessionLimit = refuse(2)
    await times(2, () => signIn(here))
    house.users.sessionEpoch = 1
    expect(await typeOf()).toBe('SignedIn')
    expect(await typeOf()).toBe('SignedIn')
    expect(await typeOf()).toBe('SessionLimitReached')
    if (kind === 'redis') return // Redis counts its own days
    house.clock.advance(7 * dayMs)
    expect(await typeOf()).toBe('SignedIn')
  })
})

describe.skipIf(!hasRedis)('as many sessions as a role allows, of many at once over two processes', () => {
  it.each([
    [60, refuse(5)],
    [20, endOldest(5)],
  ])('are exactly so many of %i with %o', async (count, limit) => {
    const house = await install('redis')
    house.users.sessionLimit = limit
    const processes = [await house.startProcess(), await house.startProcess()]
    const answers = await Promise.all((await begun(count, processes)).map((finish) => finish()))
    const types = typesOf(answers)
    const expected = limit.onExcess === 'REFUSE' ? { SignedIn: 5, SessionLimitReached: 55 } : { SignedIn: 20 }
    for (const [type, often] of Object.entries(expected))
      expect(types.filter((one) => one === type)).toHaveLength(often)
    expect(await listed(processes[0])).toMatchObject({ length: 5 })
    await house.stop()
  })
})

it('a session that the ledger could not be told of has never begun', async () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  const store = memorySessionStore({ records, refresh: memoryRefreshStore({ records }) })
  const unavailable = () => Promise.reject(new Problem('UNAVAILABLE'))
  const ledger = {
    began: unavailable,
    proved: unavailable,
    ended: unavailable,
    revocations: unavailable,
  }
  const sessions = createSessions({
    ...{ store, records, ledger, clock, entropy: seededEntropy(), terms: sessionTerms },
    tellEnded: () => {},
    knownGrants: records.grants,
  })
  const proof = { userId: 'usr_ada', epoch: 0, amr: ['pwd'], acr: 'aal1', limit: refuse(1) } as const
  const occasion = { actor: { kind: 'anonymous', id: null }, requestId: 'req_1' } as const
  for (let turn = 0; turn < 2; turn++)
    await expect(sessions.begin(proof, occasion)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await store.ofUser('usr_ada', 100)).toEqual([])
})
