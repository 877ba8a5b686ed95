import { minuteMs } from '@latchkey/clock'
import { anApiKey, aService } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  codesOf,
  correct,
  type Installation,
  install,
  type RunningSessions,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'
import { sessionTerms } from '../sessions/session.ts'
import { passkeyAnswer, rightFactor } from '../users.fixture.ts'
import {
  anotherBrowser,
  complete,
  completeOperation,
  elsewhere,
  home,
  resultOf,
  signedIns,
  signIn,
  start,
  times,
  typesOf,
} from './ceremony.fixture.ts'
import { pendingLifetimeMs } from './pending.ts'

const totp = rightFactor('usr_ada')
const refused = {
  __typename: 'SignInRefused',
  remedy: 'Try another code, or sign in from the beginning. After many tries, wait 15 minutes.',
}

describe.each(storeKinds)('a second factor, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    house.users.secondFactors = ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE']
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const evaluated = () => house.users.askedFactors.filter(({ userId }) => userId !== 'usr_nobody').length
  const pending = async () => (await signIn(here)).challengeId

  it('is asked for after a right password, and nothing begins before it was shown', async () => {
    const required = await signIn(here)
    expect(required).toMatchObject({ __typename: 'SecondFactorRequired', factors: house.users.secondFactors })
    expect(required).not.toHaveProperty('accessToken')
    expect(await house.database.query({ name: 'test_begun', text: `SELECT FROM sessions.audit_records` }, [])).toEqual(
      [],
    )
    const done = resultOf(await complete(here, { challengeId: required.challengeId, totp }))
    expect(done).toMatchObject({ __typename: 'SignedIn', user: { id: 'usr_ada' } })
  })

  it.each(['usual', 'remembered'] as const)('keeps the wish that the session be %s', async (lasting) => {
    const { challengeId } = await signIn(here, { ...correct, rememberMe: lasting === 'remembered' })
    const done = resultOf(await complete(here, { challengeId, totp }))
    const { session } = await house.records.session(done.session.id, 'usr_ada')
    const begunMs = house.clock.now().getTime()
    expect(session).toMatchObject({
      idleMs: sessionTerms[lasting].idleMs,
      endsAtMs: begunMs + sessionTerms[lasting].absoluteMs,
    })
  })

  it.each([
    ['totp', ['pwd', 'otp', 'mfa']],
    ['recoveryCode', ['pwd', 'otp', 'mfa']],
    ['emailCode', ['pwd', 'mca', 'mfa']],
  ])('by %s begins a session of two factors, %j', async (name, amr) => {
    const done = resultOf(await complete(here, { challengeId: await pending(), [name]: totp }))
    const { session } = await house.records.session(done.session.id, 'usr_ada')
    expect(session).toMatchObject({ amr, acr: 'aal2', epoch: 0 })
    const question = house.users.askedFactors.at(-1)
    expect(question).toMatchObject({ userId: 'usr_ada', shown: { [name]: totp } })
  })

  it('by passkey answers a challenge of its own, once', async () => {
    const challengeId = await pending()
    const { outcome, options } = await start(here, challengeId)
    const { challenge, userId } = JSON.parse(options ?? '')
    expect({ outcome, userId }).toEqual({ outcome: 'STARTED', userId: 'usr_ada' })
    expect(Buffer.from(challenge, 'base64url')).toHaveLength(32)
    const eves = { challengeId, passkey: passkeyAnswer('usr_eve', challenge) }
    const adas = { challengeId, passkey: passkeyAnswer('usr_ada', challenge) }
    expect(typesOf([await complete(here, eves), await complete(here, adas)])).toEqual([
      'SignInRefused',
      'SignInRefused',
    ])
    const again = JSON.parse((await start(here, challengeId)).options ?? '').challenge
    expect(again).not.toBe(challenge)
    const done = resultOf(await complete(here, { challengeId, passkey: passkeyAnswer('usr_ada', again) }))
    const { session } = await house.records.session(done.session.id, 'usr_ada')
    expect(session).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'], acr: 'aal2' })
  })

  it('by mail is sent for this sign-in, to whoever uses such codes', async () => {
    const challengeId = await pending()
    expect(await start(here, challengeId, 'EMAIL_CODE')).toEqual({ outcome: 'STARTED', options: null })
    expect(house.users.sentCodes).toEqual([{ userId: 'usr_ada', reference: challengeId }])
    house.users.secondFactors = ['TOTP']
    expect(await start(here, await pending(), 'EMAIL_CODE')).toEqual({ outcome: 'REFUSED', options: null })
    expect(await start(here, 'pen_unknown', 'EMAIL_CODE')).toEqual({ outcome: 'REFUSED', options: null })
    expect(await start(here, challengeId, 'EMAIL_CODE', elsewhere)).toEqual({ outcome: 'REFUSED', options: null })
    expect(house.users.sentCodes).toHaveLength(1)
  })

  it.each([
    ['none', {}],
    ['two', { totp: '1', emailCode: '2' }],
    ['all', { totp: '1', emailCode: '2', recoveryCode: '3', passkey: '4' }],
    ['a long code', { totp: '1'.repeat(65) }],
    ['a long answer', { passkey: 'x'.repeat(16_385) }],
  ])('is bad input when there is %s', async (_what, factors) => {
    const challengeId = await pending()
    expect(codesOf(await complete(here, { challengeId, ...factors }))).toEqual(['BAD_USER_INPUT'])
    expect(evaluated()).toBe(0)
    expect(typesOf([await complete(here, { challengeId, totp })])).toEqual(['SignedIn'])
  })

  it('goes on with a sign-in of its own client alone', async () => {
    const challengeId = await pending()
    for (const client of [elsewhere, anotherBrowser])
      expect(resultOf(await complete(here, { challengeId, totp }, client))).toEqual(refused)
    expect(evaluated()).toBe(0)
    expect(typesOf([await complete(here, { challengeId, totp })])).toEqual(['SignedIn'])
  })

  it('of one account is worth nothing in the sign-in of another', async () => {
    const adas = await pending()
    expect(resultOf(await complete(here, { challengeId: adas, totp: rightFactor('usr_eve') }))).toEqual(refused)
  })

  it('completes a sign-in within five minutes, and once', async () => {
    const late = await pending()
    house.clock.advance(pendingLifetimeMs - 1)
    const challengeId = await pending()
    expect(typesOf([await complete(here, { challengeId: late, totp })])).toEqual(['SignedIn'])
    house.clock.advance(1)
    expect(typesOf([await complete(here, { challengeId, totp })])).toEqual(['SignedIn'])
    expect(resultOf(await complete(here, { challengeId, totp }))).toEqual(refused)
    const over = await pending()
    house.clock.advance(pendingLifetimeMs)
    expect(resultOf(await complete(here, { challengeId: over, totp }))).toEqual(refused)
    expect(evaluated()).toBe(2)
  })

  it('completes it once for any number who show it at once', async () => {
    const challengeId = await pending()
    expect(signedIns(await times(200, () => complete(here, { challengeId, totp })))).toBe(1)
  })

  it('is looked at five times in a sign-in, however many are shown at once, and then the sign-in is over', async () => {
    const challengeId = await pending()
    expect(signedIns(await times(50, () => complete(here, { challengeId, totp: 'wrong' })))).toBe(0)
    expect(evaluated()).toBe(5)
    expect(resultOf(await complete(here, { challengeId, totp }))).toEqual(refused)
  })

  it('wrong four times leaves the sign-in as it was', async () => {
    const challengeId = await pending()
    await times(4, () => complete(here, { challengeId, totp: 'wrong' }))
    expect(typesOf([await complete(here, { challengeId, totp })])).toEqual(['SignedIn'])
  })

  it('is evaluated ten times in a row of an account, over sign-ins, kinds and places, and not for 15 minutes after', async () => {
    const ids = await times(8, (turn) =>
      signIn(here, correct, { address: `192.0.2.${turn + 10}`, userAgent: '' }).then(({ challengeId }) => challengeId),
    )
    const kinds = ['totp', 'recoveryCode', 'emailCode']
    const wrongOnes = ids.flatMap((challengeId, turn) =>
      kinds.map((name) =>
        complete(here, { challengeId, [name]: 'wrong' }, { address: `192.0.2.${turn + 10}`, userAgent: '' }),
      ),
    )
    expect(signedIns(await Promise.all(wrongOnes))).toBe(0)
    expect(evaluated()).toBe(10)
    const locked = await pending()
    expect(resultOf(await complete(here, { challengeId: locked, totp }))).toEqual(refused)
    expect(evaluated()).toBe(10)
    expect(house.users.askedFactors.at(-1)).toMatchObject({ userId: 'usr_nobody' })
    house.clock.advance(15 * minuteMs)
    expect(typesOf([await complete(here, { challengeId: await pending(), totp })])).toEqual(['SignedIn'])
  })

  it('of one account does not lock another', async () => {
    const ids = await times(4, pending)
    await Promise.all(
      ids.flatMap((challengeId) => [1, 2, 3, 4].map(() => complete(here, { challengeId, totp: 'wrong' }))),
    )
    const { challengeId } = await signIn(here, { ...correct, email: 'eve@example.org' })
    expect(typesOf([await complete(here, { challengeId, totp: rightFactor('usr_eve') })])).toEqual(['SignedIn'])
  })

  it('once right forgets the wrong ones before it', async () => {
    const wrongs = async () => complete(here, { challengeId: await pending(), totp: 'wrong' })
    for (let turn = 0; turn < 5; turn++) await wrongs()
    await complete(here, { challengeId: await pending(), totp })
    for (let turn = 0; turn < 5; turn++) await wrongs()
    expect(typesOf([await complete(here, { challengeId: await pending(), totp })])).toEqual(['SignedIn'])
  })

  it('has to be shown before the tries of the password are forgotten', async () => {
    await times(8, () => signIn(here, wrong))
    const first = await pending()
    await pending()
    expect(await signIn(here)).toMatchObject({ __typename: 'SignInRefused' })
    expect(typesOf([await complete(here, { challengeId: first, totp })])).toEqual(['SignedIn'])
    expect(await signIn(here)).toMatchObject({ __typename: 'SecondFactorRequired' })
  })

  it('is worth nothing when the account has ended its sessions meanwhile', async () => {
    const challengeId = await pending()
    house.users.sessionEpoch = 1
    expect(resultOf(await complete(here, { challengeId, totp }))).toEqual(refused)
  })

  it('costs no try when nobody could look at it', async () => {
    const challengeId = await pending()
    house.users.state = 'overloaded'
    for (const answer of await times(20, () => complete(here, { challengeId, totp })).then((all) => all.slice(0, 5)))
      expect(codesOf(answer)).toEqual(['UNAVAILABLE'])
    house.users.state = 'well'
    expect(typesOf([await complete(here, { challengeId, totp })])).toEqual(['SignedIn'])
  })

  it('is on record with the password before it', async () => {
    const challengeId = await pending()
    await complete(here, { challengeId, totp: 'wrong' })
    await complete(here, { challengeId, totp })
    const attempts = await house.database.query<{ method: string; outcome: string }>(
      { name: 'test_attempts', text: 'SELECT method, outcome FROM sessions.sign_in_attempts ORDER BY at, id' },
      [],
    )
    const told = attempts.map(({ method, outcome }) => `${method} ${outcome}`)
    expect(told.sort()).toEqual(['PASSWORD SECOND_FACTOR_REQUIRED', 'SECOND_FACTOR REFUSED', 'SECOND_FACTOR SIGNED_IN'])
  })

  it.each([
    ['a key', anApiKey({ scopes: ['sessions:write'] })],
    ['a service', aService('gateway')],
  ])('is not for %s', async (_who, principal) => {
    const variables = { input: { challengeId: await pending(), totp } }
    expect(codesOf(await here.ask(completeOperation, { principal, variables, client: home }))).toEqual(['FORBIDDEN'])
  })

  it.each([
    ['nothing', ''],
    ['a beginning', 'pen_'],
    ['a NUL', 'pen_\u0000'],
    ['one that nobody was given', `pen_${'a'.repeat(22)}`],
    ['the id of a session', `ses_${'a'.repeat(22)}`],
    ['a long text', 'x'.repeat(5_000)],
  ])('does not complete what does not wait: %s', async (_what, challengeId) => {
    expect(resultOf(await complete(here, { challengeId, totp }))).toEqual(refused)
    expect(house.users.askedFactors).toEqual([])
  })
})

describe.skipIf(!hasRedis)('a second factor, on two processes that share Redis', () => {
  it('completes a sign-in once, and is evaluated ten times, whichever process is asked', async () => {
    const house = await install('redis')
    house.users.secondFactors = ['TOTP']
    const processes = [await house.startProcess(), await house.startProcess()]
    const [one] = processes
    if (!one) throw new Error('no process')
    for (let round = 0; round < 20; round++) {
      const { challengeId } = await signIn(one)
      const answers = await Promise.all(
        processes.flatMap((process) => Array.from({ length: 10 }, () => complete(process, { challengeId, totp }))),
      )
      expect(signedIns(answers)).toBe(1)
    }
    const before = house.users.askedFactors.length
    const ids = await times(9, () => signIn(one).then(({ challengeId }) => challengeId))
    await Promise.all(
      ids.flatMap((challengeId) => processes.map((process) => complete(process, { challengeId, totp: 'wrong' }))),
    )
    const asked = house.users.askedFactors.slice(before).filter(({ userId }) => userId !== 'usr_nobody')
    expect(asked).toHaveLength(10)
    await house.stop()
  })
})
