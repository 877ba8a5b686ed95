import { minuteMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import type { Client } from '@latchkey/subgraph/transport'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  auditOf,
  codesOf,
  correct,
  type Installation,
  install,
  type Pair,
  personOf,
  type RunningSessions,
  refresh,
  signedIn,
  signIn,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { home, resultOf, times } from '../sign-in/ceremony.fixture.ts'
import { passkeyAnswer, rightFactor } from '../users.fixture.ts'

const result = '__typename ... on SignedIn { accessToken refreshToken session { id assurance authenticatedAt } }'
const stepUpOperation = `mutation ($input: StepUpInput!) { stepUp(input: $input) { ${result} } }`
const startOperation = 'mutation ($input: StartStepUpInput!) { startStepUp(input: $input) { outcome options } }'
const totp = rightFactor('usr_ada')

describe.each(storeKinds)('a step-up, sessions in %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  let pair: Pair
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
    // Signed in before there was a second factor.
    pair = await signedIn(here)
    house.users.secondFactors = ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE']
    house.clock.advance(20 * minuteMs)
  })
  afterEach(() => house.stop())

  const ask = (input: object, process = here, client: Client = home, who = pair) =>
    process.ask(stepUpOperation, { principal: personOf(who), variables: { input }, client })
  const stepUp = async (input: object) => resultOf(await ask(input))
  const start = async (factor: string) =>
    resultOf(
      await here.ask(startOperation, { principal: personOf(pair), variables: { input: { factor } }, client: home }),
    ) as unknown as { outcome: string; options: string | null }
  const evaluated = () => house.users.askedFactors.filter(({ userId }) => userId !== 'usr_nobody').length
  const shownNow = async () => {
    const { data } = await here.ask('{ session { assurance authenticatedAt } }', { principal: personOf(pair) })
    return data?.session as { assurance: string; authenticatedAt: string }
  }
  const record = async () => (await house.records.session(pair.session.id, 'usr_ada')).session

  it('with a second factor raises the session for ten minutes, and what it says of when for good', async () => {
    const before = await record()
    expect(await shownNow()).toEqual({ assurance: 'AAL1', authenticatedAt: '2030-01-01T00:00:00.000Z' })
    const { accessToken, session } = await stepUp({ totp })
    const authenticatedAt = '2030-01-01T00:20:00.000Z'
    expect(session).toEqual({ id: pair.session.id, assurance: 'AAL2', authenticatedAt })
    const claims = { sid: pair.session.id, acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] }
    expect(decodeJwt(accessToken)).toMatchObject({ ...claims, auth_time: Date.parse(authenticatedAt) / 1_000 })
    expect(await record()).toMatchObject({ amr: before?.amr, acr: 'aal1', createdAtMs: before?.createdAtMs })
    house.clock.advance(10 * minuteMs - 1)
    expect(await shownNow()).toEqual({ assurance: 'AAL2', authenticatedAt })
    house.clock.advance(1)
    expect(await shownNow()).toEqual({ assurance: 'AAL1', authenticatedAt })
    const [audited] = (await auditOf(house)).filter(({ action }) => action === 'session.step-up')
    expect(audited).toMatchObject({ target: pair.session.id, actor_kind: 'user', actor_id: 'usr_ada' })
  })

  it('goes on with new tokens; a refresh token of before is worth what any that was exchanged is', async () => {
    const { refreshToken } = await stepUp({ totp })
    expect(resultOf(await refresh(here, refreshToken)).__typename).toBe('SignedIn')
    house.clock.advance(10_001)
    expect(resultOf(await refresh(here, pair.refreshToken)).__typename).toBe('SignInRefused')
    expect(await record()).toBeNull()
  })

  it('with a password is enough where there is no second factor, and raises nothing but the time', async () => {
    expect(await stepUp({ password: correct.password })).toMatchObject({ __typename: 'SignInRefused' })
    expect(house.users.asked).toHaveLength(1)
    house.users.secondFactors = []
    const { session } = await stepUp({ password: correct.password })
    expect(session).toMatchObject({ assurance: 'AAL1', authenticatedAt: '2030-01-01T00:20:00.000Z' })
  })

  it('with a passkey takes what it was asked to sign, once', async () => {
    const { outcome, options } = await start('PASSKEY')
    expect(outcome).toBe('STARTED')
    const { challenge, userId } = JSON.parse(options ?? '')
    expect(userId).toBe('usr_ada')
    const passkey = passkeyAnswer('usr_ada', challenge)
    const answers = await times(50, () => ask({ passkey }))
    expect(answers.map((answer) => resultOf(answer).__typename).filter((type) => type === 'SignedIn')).toHaveLength(1)
    expect((await record())?.raised?.amr).toEqual(['pwd', 'hwk', 'user', 'mfa'])
  })

  it('with somebody else’s passkey or factor is refused', async () => {
    const { challenge } = JSON.parse((await start('PASSKEY')).options ?? '')
    expect(await stepUp({ passkey: passkeyAnswer('usr_eve', challenge) })).toMatchObject({
      __typename: 'SignInRefused',
    })
    expect(await stepUp({ totp: rightFactor('usr_eve') })).toMatchObject({ __typename: 'SignInRefused' })
    expect(await shownNow()).toMatchObject({ assurance: 'AAL1' })
  })

  it('with a code by mail takes the one that was sent for this session', async () => {
    expect(await start('EMAIL_CODE')).toEqual({ outcome: 'STARTED', options: null })
    expect(house.users.sentCodes).toEqual([{ userId: 'usr_ada', reference: pair.session.id, purpose: 'STEP_UP' }])
    expect(await stepUp({ emailCode: totp })).toMatchObject({ __typename: 'SignedIn' })
    expect(house.users.askedFactors.at(-1)).toMatchObject({ reference: pair.session.id })
    house.users.secondFactors = ['TOTP']
    expect(await start('EMAIL_CODE')).toEqual({ outcome: 'REFUSED', options: null })
  })

  it('shares the ten tries of a second factor with signing in, and evaluates nothing when they are used up', async () => {
    await times(25, (turn) => ask({ [turn % 2 ? 'totp' : 'recoveryCode']: 'wrong' }))
    expect(evaluated()).toBe(10)
    expect(await stepUp({ totp })).toMatchObject({ __typename: 'SignInRefused' })
    expect(evaluated()).toBe(10)
    house.clock.advance(15 * minuteMs)
    expect(await stepUp({ totp })).toMatchObject({ __typename: 'SignedIn' })
  })

  it('shares the tries of the password with signing in from the same place, in both directions', async () => {
    house.users.secondFactors = []
    const asked = () => house.users.asked.filter(({ password }) => password !== '').length
    const before = asked()
    await times(6, () => signIn(here, wrong, home))
    await times(20, () => ask({ password: 'wrong' }))
    expect(asked() - before).toBe(10)
    expect(await stepUp({ password: correct.password })).toMatchObject({ __typename: 'SignInRefused' })
    expect(resultOf(await signIn(here, correct, home)).__typename).toBe('SignInRefused')
    expect(asked() - before).toBe(10)
  })

  it('costs no try when nobody could look at it', async () => {
    house.users.state = 'overloaded'
    for (const answer of await times(12, () => ask({ totp }))) expect(codesOf(answer)).toEqual(['UNAVAILABLE'])
    house.users.state = 'well'
    expect(await stepUp({ totp })).toMatchObject({ __typename: 'SignedIn' })
  })

  it('takes exactly one proof', async () => {
    for (const input of [{}, { password: 'x', totp: '1' }, { totp: '1', emailCode: '2' }])
      expect(codesOf(await ask(input))).toEqual(['BAD_USER_INPUT'])
  })

  it('is nothing for a session that has ended, or for whoever acts for somebody', async () => {
    const acting = aUser({ userId: 'usr_ada', sessionId: pair.session.id, act: { sub: 'usr_staff', write: true } })
    const variables = { input: { totp } }
    expect(codesOf(await here.ask(stepUpOperation, { principal: acting, variables }))).toEqual(['FORBIDDEN'])
    await here.ask('mutation { signOut { sessionId } }', { principal: personOf(pair) })
    expect(await stepUp({ totp })).toMatchObject({ __typename: 'SignInRefused' })
    expect(await record()).toBeNull()
  })

  it.each([
    ['emailCode', ['pwd', 'hwk', 'user', 'mfa'], ['pwd', 'mca', 'mfa']],
    ['emailCode', ['pwd', 'otp', 'mfa'], ['pwd', 'mca', 'mfa']],
    ['totp', ['hwk', 'user', 'mfa'], ['otp', 'mfa']],
    ['totp', ['pwd', 'hwk', 'user', 'mfa'], ['pwd', 'otp', 'mfa']],
  ])('with %s says nothing of the second factor of a sign-in by %j', async (by, amr, raised) => {
    const session = await record()
    if (!session) throw new Error('no session')
    await house.records.putSession({ ...session, amr, acr: 'aal2' })
    const { accessToken } = await stepUp({ [by]: totp })
    expect(decodeJwt(accessToken)).toMatchObject({ acr: 'aal2', amr: raised })
  })

  it.each([
    ['was shown when signing in', { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] }, ['pwd']],
    ['was the way in', { acr: 'aal2', amr: ['hwk', 'user', 'mfa'] }, ['pwd']],
    ['raised it a minute ago', { raised: { amr: ['mca', 'otp', 'mfa'], untilMs: Date.parse('2031-01-01') } }, ['pwd']],
    ['came after a mail', { acr: 'aal2', amr: ['mca', 'otp', 'mfa'] }, ['mca', 'pwd']],
  ] as const)(
    'with a password is one factor, where a second one that %s has been removed since',
    async (_, had, amr) => {
      const session = await record()
      if (!session) throw new Error('no session')
      await house.records.putSession({ ...session, ...had })
      expect(await shownNow()).toMatchObject({ assurance: 'AAL2' })
      house.users.secondFactors = []
      const { accessToken, session: after } = await stepUp({ password: correct.password })
      expect(after).toMatchObject({ assurance: 'AAL1', authenticatedAt: '2030-01-01T00:20:00.000Z' })
      expect(decodeJwt(accessToken)).toMatchObject({ acr: 'aal1', amr })
      expect(await record()).toMatchObject({ acr: 'aal1', amr })
      expect(await shownNow()).toMatchObject({ assurance: 'AAL1' })
    },
  )

  it('that would prove nothing is looked at by nobody: it takes no try, and is on no record', async () => {
    const attempts = async () =>
      house.database.query({ name: 'test_attempts', text: 'SELECT id FROM sessions.sign_in_attempts' }, [])
    const before = (await attempts()).length
    for (let turn = 0; turn < 12; turn++) {
      expect(await stepUp({ password: wrong.password })).toMatchObject({ __typename: 'SignInRefused' })
      expect(await stepUp({ password: correct.password })).toMatchObject({ __typename: 'SignInRefused' })
    }
    expect((await attempts()).length).toBe(before)
    expect(house.users.asked).toHaveLength(1)
    expect(resultOf(await signIn(here, correct, home)).__typename).toBe('SecondFactorRequired')
  })

  it('does not make two proofs of one mailbox two factors', async () => {
    const session = await record()
    if (!session) throw new Error('no session')
    await house.records.putSession({ ...session, amr: ['mca'] })
    expect(await start('EMAIL_CODE')).toMatchObject({ outcome: 'REFUSED' })
    expect(await stepUp({ emailCode: totp })).toMatchObject({ __typename: 'SignInRefused' })
    expect(await stepUp({ totp })).toMatchObject({ session: { assurance: 'AAL2' } })
  })
})
