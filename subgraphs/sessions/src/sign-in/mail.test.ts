import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  attemptLimit,
  codesOf,
  correct,
  type Installation,
  install,
  type RunningSessions,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'
import { codeOf, linkOf, rightFactor } from '../users.fixture.ts'
import {
  anotherBrowser,
  complete,
  elsewhere,
  home,
  result,
  resultOf,
  signIn,
  start,
  times,
  typesOf,
} from './ceremony.fixture.ts'
import { factorsBesidesMail, pendingMailLifetimeMs } from './pending.ts'

const ada = correct.email
const refused = {
  __typename: 'SignInRefused',
  remedy: 'Ask for another mail, or sign in in another way. After many tries, wait 15 minutes.',
}

describe.each(storeKinds)('signing in with a mail, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const requestMail = (email = ada, client = home, process = here) =>
    process.ask('mutation ($email: String!) { requestMagicLink(input: { email: $email }) { outcome challengeId } }', {
      ...{ variables: { email }, client },
    })
  const challengeFor = async (email = ada, client = home) =>
    (resultOf(await requestMail(email, client)) as { challengeId: string }).challengeId
  const withLink = (token: string, client = home, process = here) =>
    process.ask(`mutation ($token: String!) { signInWithMagicLink(input: { token: $token }) { ${result} } }`, {
      ...{ variables: { token }, client },
    })
  const codeOperation = `mutation ($input: SignInWithEmailCodeInput!) { signInWithEmailCode(input: $input) { ${result} } }`
  const withCode = (challengeId: string, code: string, client = home, process = here) =>
    process.ask(codeOperation, { variables: { input: { challengeId, code } }, client })
  const proofOf = async (sessionId: string) => {
    const { session } = await house.records.session(sessionId, 'usr_ada')
    return { amr: session?.amr, acr: session?.acr }
  }
  const attempts = () => {
    const text = 'SELECT method, outcome, user_id AS "userId" FROM sessions.sign_in_attempts ORDER BY at, id'
    return house.database.query<object>({ name: 'test_attempts', text }, [])
  }

  it('answers alike for every address, and passes on where it was asked from', async () => {
    const answers = await Promise.all([ada, 'unknown@example.org'].map((email) => requestMail(email)))
    for (const answer of answers)
      expect(resultOf(answer)).toEqual({
        outcome: 'CHECK_YOUR_MAIL',
        challengeId: expect.stringMatching(/^pen_\w{22}$/),
      })
    expect(house.users.askedMails.map(({ client }) => client)).toEqual([home.address, home.address])
    expect(codesOf(await requestMail('x'.repeat(400)))).toEqual(['BAD_USER_INPUT'])
    expect((await requestMail('no address')).errors?.[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      fields: { 'input.email': 'must be an email address' },
    })
    await times(28, () => requestMail())
    expect((await requestMail()).errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 1_000 })
  })

  it('by its link signs in wherever it is opened, with one factor', async () => {
    const done = resultOf(await withLink(linkOf(ada), elsewhere))
    expect(done).toMatchObject({ __typename: 'SignedIn', user: { id: 'usr_ada' } })
    expect(await proofOf(done.session.id)).toEqual({ amr: ['mca'], acr: 'aal1' })
    expect(await attempts()).toEqual([{ method: 'MAGIC_LINK', outcome: 'SIGNED_IN', userId: 'usr_ada' }])
  })

  it('by its code signs in only where it was asked for, for ten minutes', async () => {
    const mine = await challengeFor()
    for (const client of [elsewhere, anotherBrowser])
      expect(resultOf(await withCode(mine, codeOf(ada), client))).toEqual(refused)
    expect(house.users.askedProofs).toEqual([])
    const late = await challengeFor()
    expect(resultOf(await withCode(mine, codeOf(ada)))).toMatchObject({ __typename: 'SignedIn' })
    house.clock.advance(pendingMailLifetimeMs - 1)
    expect(resultOf(await withCode(late, codeOf(ada)))).toMatchObject({ __typename: 'SignedIn' })
    house.clock.advance(1)
    expect(resultOf(await withCode(late, codeOf(ada)))).toEqual(refused)
    expect(codesOf(await withCode(mine, '1'.repeat(65)))).toEqual(['BAD_USER_INPUT'])
  })

  it('refuses in the same words what is wrong, unknown, or meant for something else', async () => {
    house.users.secondFactors = ['TOTP']
    const half = (await signIn(here)).challengeId
    const answers = [
      await withLink('link to nobody'),
      await withLink('x'.repeat(100_000)),
      await withCode(await challengeFor(), 'wrong'),
      await withCode(await challengeFor('unknown@example.org'), codeOf('unknown@example.org')),
      await withCode(half, codeOf(ada)),
      await withCode('pen_unknown', codeOf(ada)),
    ]
    expect(answers.map(resultOf)).toEqual(answers.map(() => refused))
    const mail = await challengeFor()
    expect(typesOf([await complete(here, { challengeId: mail, totp: rightFactor('usr_ada') })])).toEqual([
      'SignInRefused',
    ])
  })

  it('lets a person in beside strangers who have used up the tries at the password', async () => {
    await times(12, () => signIn(here, wrong))
    expect((await signIn(here, correct)).__typename).toBe('SignInRefused')
    expect(typesOf([await withCode(await challengeFor(), codeOf(ada))])).toEqual(['SignedIn'])
    expect(typesOf([await withLink(linkOf(ada))])).toEqual(['SignedIn'])
  })

  it('counts wrong links and wrong codes at the network, together, and looks at no more', async () => {
    const strict = await install(kind, { attempts: { ...attemptLimit, networkMax: 15 } })
    const process = await strict.startProcess()
    const { challengeId } = resultOf(await requestMail(ada, home, process)) as unknown as { challengeId: string }
    const answers = await times(40, (turn) =>
      turn % 2 ? withLink('wrong', home, process) : withCode(challengeId, 'wrong', home, process),
    )
    expect(answers.flatMap(codesOf)).toEqual(Array.from({ length: 25 }, () => 'RATE_LIMITED'))
    expect(strict.users.askedProofs).toHaveLength(15)
    await strict.stop()
  })

  it('takes no try when Users cannot be asked', async () => {
    const mine = await challengeFor()
    house.users.state = 'overloaded'
    for (const answer of await times(12, () => withCode(mine, 'wrong')))
      expect(codesOf(answer)).toEqual(['UNAVAILABLE'])
    expect(codesOf(await withLink(linkOf(ada)))).toEqual(['UNAVAILABLE'])
    house.users.state = 'well'
    expect(resultOf(await withCode(mine, codeOf(ada)))).toMatchObject({ __typename: 'SignedIn' })
  })

  it('is one factor: another one is asked for where there is one, and never a mail again', async () => {
    house.users.secondFactors = ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE']
    const halves = [resultOf(await withLink(linkOf(ada))), resultOf(await withCode(await challengeFor(), codeOf(ada)))]
    for (const half of halves) {
      expect(half).toMatchObject({ __typename: 'SecondFactorRequired', factors: ['PASSKEY', 'TOTP', 'RECOVERY_CODE'] })
      expect(await start(here, half.challengeId, 'EMAIL_CODE')).toEqual({ outcome: 'REFUSED', options: null })
      const another = { challengeId: half.challengeId, emailCode: rightFactor('usr_ada') }
      expect(typesOf([await complete(here, another)])).toEqual(['SignInRefused'])
      const done = resultOf(await complete(here, { challengeId: half.challengeId, totp: rightFactor('usr_ada') }))
      expect(await proofOf(done.session.id)).toEqual({ amr: ['mca', 'otp', 'mfa'], acr: 'aal2' })
    }
    house.users.secondFactors = ['EMAIL_CODE']
    expect(resultOf(await withLink(linkOf(ada)))).toEqual(refused)
    expect(factorsBesidesMail([])).toEqual([])
  })
})

it.skipIf(!hasRedis)('a request for a mail tells Redis no address of anyone', async () => {
  const house = await install('redis')
  const here = await house.startProcess()
  await here.ask(`mutation { requestMagicLink(input: { email: "${ada}" }) { outcome } }`, { client: home })
  const { redis, prefix } = house.redis ?? expect.fail('no Redis')
  const keys = await redis.keys(`${prefix}pending:*`)
  expect(keys).toHaveLength(1)
  expect(JSON.stringify(await redis.hgetall(keys[0] ?? ''))).not.toMatch(/ada@|example/)
  await house.stop()
})

it('is switched off as a whole', async () => {
  const house = await install('memory', { magicLinks: 'off' })
  const here = await house.startProcess()
  for (const mutation of [
    'requestMagicLink(input: { email: "ada@example.org" }) { outcome }',
    `signInWithMagicLink(input: { token: "${linkOf(ada)}" }) { __typename }`,
    'signInWithEmailCode(input: { challengeId: "x", code: "x" }) { __typename }',
  ]) {
    const { errors } = await here.ask(`mutation { ${mutation} }`)
    expect(errors).toMatchObject([
      { message: expect.stringContaining('switched off'), extensions: { code: 'FORBIDDEN' } },
    ])
  }
  expect([house.users.askedMails, house.users.askedProofs]).toEqual([[], []])
  await house.stop()
})
