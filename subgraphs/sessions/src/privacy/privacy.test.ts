import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  auditOf,
  codesOf,
  correct,
  type Installation,
  install,
  type RunningSessions,
  refresh,
  resultOf,
  signedIn,
  signIn,
  storeKinds,
} from '../application.fixture.ts'

const users = aService('users')
const personalData = '{ personalData(userId: "usr_ada") { holder document } }'
const eraseUser = 'mutation ($userId: ID!) { eraseUser(userId: $userId) { holder userId forgotten } }'
const eve = { email: 'eve@example.org', password: 'correct horse' }

describe.each(storeKinds)('a person, with sessions in %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeAll(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterAll(() => house.stop())

  const erase = (userId: string, principal: Principal = users) =>
    here.ask(eraseUser, { principal, variables: { userId } })

  const addAttempt = (id: string, userId: string) =>
    house.database.query(
      {
        name: 'test_attempt',
        text: `INSERT INTO sessions.sign_in_attempts (id, user_id, identifier_index, network, device, outcome, request_id, at)
          VALUES ($1, $2, 'k.mac', '203.0.113.0/24', 'curl/8', 'refused', 'req_1', now())`,
      },
      [id, userId],
    )

  const refused: readonly (readonly [string, Principal, string])[] = [
    ['nobody', anonymous, 'UNAUTHENTICATED'],
    ['ada herself', aUser({ userId: 'usr_ada' }), 'FORBIDDEN'],
    ['an administrator', aUser({ userId: 'usr_root', scopes: ['sessions:admin', 'users:write'] }), 'FORBIDDEN'],
    ['a key', anApiKey({ ownerId: 'usr_ada' }), 'FORBIDDEN'],
    ['the gateway', aService('gateway', ['sessions:admin']), 'FORBIDDEN'],
    ['another service', aService('api-keys'), 'FORBIDDEN'],
  ]
  it.each(refused)('is neither shown to nor forgotten for %s', async (_, principal, code) => {
    const pair = await signedIn(here)
    expect(codesOf(await here.ask(personalData, { principal }))).toEqual([code])
    expect(codesOf(await erase('usr_ada', principal))).toEqual([code])
    expect((await refresh(here, pair.refreshToken)).data?.refreshSession).toMatchObject({ __typename: 'SignedIn' })
  })

  it('is shown whole, the address a try came from too, and without a secret', async () => {
    const client = { address: '203.0.113.7', userAgent: 'curl/8' }
    const pair = resultOf(await signIn(here, correct, client))
    const { data } = await here.ask(personalData, { principal: users })
    const { document } = (data as { personalData: { document: string } }).personalData
    const shown = JSON.parse(document)
    expect(shown.sessions.map(({ id }: { id: string }) => id)).toContain(pair.session.id)
    const tried = { method: 'PASSWORD', outcome: 'SIGNED_IN', network: '203.0.113.0/24', address: '203.0.113.7' }
    expect(shown.signInAttempts).toContainEqual(expect.objectContaining(tried))
    for (const secret of [pair.accessToken, pair.refreshToken]) expect(document).not.toContain(secret)
  })

  it('is forgotten with every session, its refresh state and its attempts, and no one else is', async () => {
    const other = await signedIn(here, eve)
    const pair = await signedIn(here)
    await addAttempt('att_2', 'usr_ada')
    await addAttempt('att_3', 'usr_eve')
    const { data } = await erase('usr_ada')
    expect(data?.eraseUser).toMatchObject({ holder: 'sessions', userId: 'usr_ada' })
    expect((await refresh(here, pair.refreshToken)).data?.refreshSession).toMatchObject({ __typename: 'SignInRefused' })
    expect((await refresh(here, other.refreshToken)).data?.refreshSession).toMatchObject({ __typename: 'SignedIn' })
    const left = await house.database.query<{ id: string; whose: string }>(
      { name: 'test_attempts', text: 'SELECT id, user_id AS whose FROM sessions.sign_in_attempts ORDER BY id' },
      [],
    )
    expect(left.map(({ whose }) => whose)).toEqual(left.map(() => 'usr_eve'))
    expect(left.map(({ id }) => id)).toContain('att_3')
    if (house.redis) {
      const keys = await house.redis.redis.keys(`${house.redis.prefix}*`)
      const texts = await Promise.all(
        keys.map(async (key) => `${key} ${await house.redis?.redis.dump(key).catch(() => '')}`),
      )
      expect(texts.filter((text) => text.includes('usr_ada'))).toEqual([])
    }
  })

  it('is forgotten once, however many ask at once: again, nothing is left to forget and nothing put on record', async () => {
    await erase('usr_ada')
    await signedIn(here)
    const answers = await Promise.all(Array.from({ length: 20 }, () => erase('usr_ada')))
    const counts = answers.map(({ data }) => (data as { eraseUser: { forgotten: number } }).eraseUser.forgotten)
    const aSessionAndAnAttempt = 2
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(aSessionAndAnAttempt)
    const records = async () => (await auditOf(house)).filter(({ action }) => action === 'user.forget')
    const before = await records()
    expect((await erase('usr_ada')).data?.eraseUser).toMatchObject({ forgotten: 0 })
    expect((await erase('usr_\u0000')).data?.eraseUser).toMatchObject({ forgotten: 0 })
    expect(await records()).toEqual(before)
    expect(before.at(-1)).toMatchObject({ target: 'usr_ada', actor_kind: 'service', actor_id: 'users' })
  })
})
