import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codesOf, type Installation, install, type RunningSessions, storeKinds } from '../application.fixture.ts'
import { sessionTerms } from '../sessions/session.ts'
import { passkeyAnswer } from '../users.fixture.ts'
import {
  complete,
  elsewhere,
  home,
  result,
  resultOf,
  signedIns,
  signIn,
  start,
  times,
  typesOf,
} from './ceremony.fixture.ts'
import { pendingLifetimeMs } from './pending.ts'

describe.each(storeKinds)('a passkey alone, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const begin = async (client = home) => {
    const answer = await here.ask('mutation { startPasskeySignIn { challengeId options } }', { client })
    const { challengeId, options } = resultOf(answer) as unknown as { challengeId: string; options: string }
    return { challengeId, ...(JSON.parse(options) as { challenge: string; userId: string | null }) }
  }
  const finishOperation = `mutation ($input: FinishPasskeySignInInput!) { finishPasskeySignIn(input: $input) { ${result} } }`
  const finish = (challengeId: string, response: string, client = home) =>
    here.ask(finishOperation, { variables: { input: { challengeId, response } }, client })

  it('says who it is, and begins a session of two factors', async () => {
    const { challengeId, challenge, userId } = await begin()
    expect(userId).toBeNull()
    const done = resultOf(await finish(challengeId, passkeyAnswer('usr_ada', challenge)))
    expect(done).toMatchObject({ __typename: 'SignedIn', user: { id: 'usr_ada' } })
    const { session } = await house.records.session(done.session.id, 'usr_ada')
    expect(session).toMatchObject({ amr: ['hwk', 'user', 'mfa'], acr: 'aal2' })
  })

  it('keeps until its end what was wished for at its beginning', async () => {
    const operation = 'mutation { startPasskeySignIn(input: { rememberMe: true }) { challengeId options } }'
    const begun = resultOf(await here.ask(operation, { client: home })) as unknown as Record<string, string>
    const { challenge } = JSON.parse(begun.options ?? '') as { challenge: string }
    const done = resultOf(await finish(begun.challengeId ?? '', passkeyAnswer('usr_ada', challenge)))
    const { session } = await house.records.session(done.session.id, 'usr_ada')
    expect(session).toMatchObject({ idleMs: sessionTerms.remembered.idleMs, network: '192.0.2.0/24' })
  })

  it('is asked something new each time, of 256 bits', async () => {
    const challenges = await times(20, () => begin().then(({ challenge }) => challenge))
    expect(new Set(challenges).size).toBe(20)
    for (const challenge of challenges) expect(Buffer.from(challenge, 'base64url')).toHaveLength(32)
  })

  it('is looked at once, right or wrong, by one of any number at once', async () => {
    const { challengeId, challenge } = await begin()
    const answers = await times(200, () => finish(challengeId, passkeyAnswer('usr_ada', challenge)))
    expect(signedIns(answers)).toBe(1)
    expect(house.users.askedPasskeys).toHaveLength(1)
    const other = await begin()
    await finish(other.challengeId, passkeyAnswer('usr_ada', challenge))
    expect(typesOf([await finish(other.challengeId, passkeyAnswer('usr_ada', other.challenge))])).toEqual([
      'SignInRefused',
    ])
  })

  it('is worth nothing late, elsewhere, and as an answer to something else', async () => {
    const late = await begin()
    house.clock.advance(pendingLifetimeMs)
    expect(typesOf([await finish(late.challengeId, passkeyAnswer('usr_ada', late.challenge))])).toEqual([
      'SignInRefused',
    ])
    const mine = await begin()
    expect(typesOf([await finish(mine.challengeId, passkeyAnswer('usr_ada', mine.challenge), elsewhere)])).toEqual([
      'SignInRefused',
    ])
    house.users.secondFactors = ['PASSKEY']
    const { challengeId } = await signIn(here)
    const { challenge } = JSON.parse((await start(here, challengeId)).options ?? '')
    expect(typesOf([await finish(challengeId, passkeyAnswer('usr_ada', challenge))])).toEqual(['SignInRefused'])
    expect(
      typesOf([
        await complete(here, { challengeId: mine.challengeId, passkey: passkeyAnswer('usr_ada', mine.challenge) }),
      ]),
    ).toEqual(['SignInRefused'])
    expect(house.users.askedPasskeys).toEqual([])
  })

  it('is not looked at when it is too long', async () => {
    const { challengeId } = await begin()
    expect(codesOf(await finish(challengeId, 'x'.repeat(16_385)))).toEqual(['BAD_USER_INPUT'])
  })
})
