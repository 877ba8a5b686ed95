import { dayMs, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { aService, aUser } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  attemptLimit,
  auditOf,
  codesOf,
  correct,
  type Installation,
  install,
  personOf,
  type RunningSessions,
  refresh,
  resultOf,
  signIn,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'
import { rightFactor } from '../users.fixture.ts'
import { complete, resultOf as factorResultOf, signIn as signInAt } from './ceremony.fixture.ts'

const from = (host: number, deviceToken?: string | null) => ({
  ...{ address: `198.51.${100 + Math.floor(host / 250)}.${host % 250}`, userAgent: 'Firefox' },
  ...(deviceToken && { deviceToken }),
})
const admin = aUser({ userId: 'usr_root', scopes: ['sessions:admin'] })
const unlockMutation = 'mutation ($input: UnlockSignInInput!) { unlockSignIn(input: $input) { outcome } }'

describe.each(storeKinds)('limits on signing in, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess({ attempts: { ...attemptLimit, identifierMax: 20 } })
  })
  afterEach(() => house.stop())

  const evaluated = () => house.users.asked.filter(({ password }) => password !== '').length
  const typeOf = async (input: typeof correct, client: ReturnType<typeof from>) => {
    const { data, errors } = await signIn(here, input, client)
    return (data?.signIn as { __typename?: string } | undefined)?.__typename ?? errors?.[0]?.extensions?.code
  }
  /** Ten wrong passwords for Ada's address from each of so many networks. */
  async function attack(networks = 4) {
    for (let host = 0; host < networks; host++)
      await Promise.all(Array.from({ length: 10 }, () => signIn(here, wrong, from(host))))
  }
  /** The counters. */
  async function lose(): Promise<void> {
    if (house.redis) {
      const { redis, prefix } = house.redis
      const keys = await redis.keys(`${prefix}attempts:*`)
      await redis.del(...keys)
    } else here = await house.startProcess()
    house.clock.advance(1)
  }
  const unlock = (input: object, principal = admin) => here.ask(unlockMutation, { principal, variables: { input } })

  it('let a person in from a device they are known by, and nobody else, after a thousand tries from many networks', async () => {
    here = await house.startProcess()
    const { deviceToken } = resultOf(await signIn(here, correct, from(200)))
    const stranger = { ...correct, email: 'eve@example.org' }
    const { deviceToken: evesToken } = resultOf(await signIn(here, stranger, from(201)))
    const before = evaluated()
    await attack(100)
    expect(evaluated() - before).toBe(attemptLimit.identifierMax)
    const attackers = [
      ...[from(0), from(200), from(202), from(202, evesToken), from(202, `${deviceToken}x`)],
      from(202, deviceToken?.replace('usr_ada', 'usr_eve')),
    ]
    for (const attacker of attackers) expect(await typeOf(correct, attacker)).toBe('SignInRefused')
    expect(evaluated() - before).toBe(attemptLimit.identifierMax)
    expect(await typeOf(correct, from(0, deviceToken))).toBe('SignedIn')
  })

  it('count a known device for itself: ten wrong ones, and neither it nor a stranger is in the other’s way', async () => {
    const { deviceToken } = resultOf(await signIn(here, correct, from(1)))
    const before = evaluated()
    for (let turn = 0; turn < 15; turn++) await signIn(here, wrong, from(turn, deviceToken))
    expect(evaluated() - before).toBe(10)
    expect(await typeOf(correct, from(1, deviceToken))).toBe('SignInRefused')
    expect(await typeOf(correct, from(1))).toBe('SignedIn')
    house.clock.advance(15 * minuteMs)
    expect(await typeOf(correct, from(1, deviceToken))).toBe('SignedIn')
  })

  it('keep second factors of a known device apart from those of a stranger who has the password', async () => {
    const { deviceToken } = resultOf(await signIn(here, correct, from(1)))
    house.users.secondFactors = ['TOTP']
    for (let turn = 0; turn < 3; turn++) {
      const { challengeId } = await signInAt(here, correct, from(2))
      for (let code = 0; code < 5; code++) await complete(here, { challengeId, totp: 'wrong' }, from(2))
    }
    expect(house.users.askedFactors.filter(({ userId }) => userId === 'usr_ada')).toHaveLength(10)
    const outcomeFor = async (client: ReturnType<typeof from>) => {
      const { challengeId } = await signInAt(here, correct, client)
      return factorResultOf(await complete(here, { challengeId, totp: rightFactor('usr_ada') }, client)).__typename
    }
    expect(await outcomeFor(from(3))).toBe('SignInRefused')
    expect(await outcomeFor(from(3, deviceToken))).toBe('SignedIn')
    await expect.poll(() => house.users.toldOfStops).toEqual(['usr_ada SECOND_FACTOR'])
  })

  it('tell the person, once a day for each kind of stop, and nobody of an address without an account', async () => {
    for (let turn = 0; turn < 20; turn++) await signIn(here, { ...wrong, email: 'nobody@example.org' }, from(150))
    await attack()
    const stops = ['usr_ada PASSWORD_FROM_ONE_NETWORK', 'usr_ada PASSWORD_FROM_STRANGERS']
    await expect.poll(() => house.users.toldOfStops).toEqual(stops)
    house.clock.advance(dayMs)
    await attack()
    await expect.poll(() => house.users.toldOfStops).toEqual([...stops, ...stops])
  })

  it('refuse a network that has used up its budget over all the ways in, and say for how long', async () => {
    here = await house.startProcess({ attempts: { ...attemptLimit, networkMax: 6 } })
    const { refreshToken } = resultOf(await signIn(here, correct, from(1)))
    const client = from(1)
    await signIn(here, wrong, client)
    house.users.secondFactors = ['TOTP']
    const { challengeId } = await signInAt(here, { ...correct, email: 'eve@example.org' }, client)
    await complete(here, { challengeId, totp: 'wrong' }, client)
    const begun = await here.ask('mutation { startPasskeySignIn { challengeId } }', { client })
    const finish =
      'mutation ($id: ID!) { finishPasskeySignIn(input: { challengeId: $id, response: "{}" }) { __typename } }'
    const { challengeId: id } = factorResultOf(begun)
    await here.ask(finish, { variables: { id }, client })
    for (let turn = 0; turn < 5; turn++) await refresh(here, `${refreshToken}x`, client)
    for (let turn = 0; turn < 2; turn++) {
      await refresh(here, refreshToken, client)
      house.clock.advance(11_000)
    }
    await here.ask('mutation { chargeWrongTry { outcome } }', { principal: aService('users'), client })
    const before = evaluated()
    const { errors } = await signIn(here, { ...correct, email: 'third@example.org' }, client)
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 10 * minuteMs - 22_000 })
    expect(await typeOf(correct, from(2))).toBe('SecondFactorRequired')
    expect(evaluated() - before).toBe(1)
    const right = { challengeId, totp: rightFactor('usr_eve') }
    for (let turn = 0; turn < 6; turn++) expect(codesOf(await complete(here, right, client))).toEqual(['RATE_LIMITED'])
    await unlock({ network: client.address })
    expect(factorResultOf(await complete(here, right, client)).__typename).toBe('SignedIn')
  })

  it('bound the challenges and the mails that one network asks for, and leave its tries alone', async () => {
    here = await house.startProcess({ attempts: { ...attemptLimit, networkMax: 1 } })
    const ask = (query: string, client: ReturnType<typeof from>) => here.ask(query, { client })
    const challenge = 'mutation { startPasskeySignIn { challengeId } }'
    const mail = 'mutation { requestMagicLink(input: { email: "ada@example.org" }) { challengeId } }'
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, turn) => ask(turn % 2 === 0 ? challenge : mail, from(1))),
    )
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(12)
    for (const query of [challenge, mail]) {
      const { errors } = await ask(query, from(1))
      expect(errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 10 * minuteMs })
      expect((await ask(query, from(2))).errors).toBeUndefined()
    }
    expect(await typeOf(correct, from(1))).toBe('SignedIn')
    await unlock({ network: from(1).address })
    expect((await ask(challenge, from(1))).errors).toBeUndefined()
  })

  it('keep no office out whose sessions are lost or over: only a refresh token that comes back counts at the network', async () => {
    here = await house.startProcess({ attempts: { ...attemptLimit, networkMax: 3 } })
    const client = from(1)
    for (let turn = 0; turn < 8; turn++) {
      const lost = resultOf(await signIn(here, correct, from(2)))
      await here.ask('mutation { signOut { sessionId } }', { principal: personOf(lost) })
      expect(resultOf(await refresh(here, lost.refreshToken, client)).__typename).toBe('SignInRefused')
    }
    expect(await typeOf(correct, client)).toBe('SignedIn')
    for (let turn = 0; turn < 3; turn++) {
      const { refreshToken } = resultOf(await signIn(here, correct, from(2)))
      await refresh(here, resultOf(await refresh(here, refreshToken, client)).refreshToken, client)
      expect(resultOf(await refresh(here, refreshToken, client)).__typename).toBe('SignInRefused')
    }
    expect(await typeOf(correct, client)).toBe('RATE_LIMITED')
  })

  it('are lifted for a person by an administrator, on record, also when nothing was to be lifted', async () => {
    const { deviceToken } = resultOf(await signIn(here, correct, from(200)))
    for (let turn = 0; turn < 10; turn++) await signIn(here, wrong, from(200, deviceToken))
    await attack()
    expect(await typeOf(correct, from(0))).toBe('SignInRefused')
    expect((await unlock({ userId: 'usr_ada' })).data).toEqual({ unlockSignIn: { outcome: 'UNLOCKED' } })
    for (const client of [from(0), from(200, deviceToken)]) expect(await typeOf(correct, client)).toBe('SignedIn')
    await attack()
    house.clock.advance(1)
    await unlock({ email: ' ADA@example.org' })
    expect(await typeOf(correct, from(0))).toBe('SignedIn')
    house.clock.advance(1)
    expect((await unlock({ userId: 'usr_unknown' })).data).toEqual({ unlockSignIn: { outcome: 'UNLOCKED' } })
    const records = (await auditOf(house)).filter(({ action }) => action === 'sign-in.unlock')
    expect(records).toMatchObject([
      { actor_kind: 'user', actor_id: 'usr_root', target: 'usr_ada' },
      { actor_kind: 'user', actor_id: 'usr_root', target: 'usr_ada' },
      { actor_kind: 'user', actor_id: 'usr_root', target: 'usr_unknown' },
    ])
  })

  it('are lifted for a network by an administrator', async () => {
    here = await house.startProcess({ attempts: { ...attemptLimit, networkMax: 3 } })
    for (let turn = 0; turn < 4; turn++) await signIn(here, wrong, from(1))
    expect(await typeOf(correct, from(1))).toBe('RATE_LIMITED')
    await unlock({ network: from(1).address })
    expect(await typeOf(correct, from(1))).toBe('SignedIn')
  })

  it('are lifted for whoever has proved to Users that an address is theirs', async () => {
    await attack()
    const forgive = 'mutation { forgiveSignIn(email: "ada@example.org") { outcome } }'
    expect(codesOf(await here.ask(forgive, { principal: aService('gateway') }))).toEqual(['FORBIDDEN'])
    await here.ask(forgive, { principal: aService('users') })
    expect(await typeOf(correct, from(0))).toBe('SignedIn')
  })

  it.each([{}, { userId: 'usr_ada', email: 'ada@example.org' }, { network: '192.0.2.0/24' }, { network: 'here' }])(
    'are not lifted for %j, which names nothing or too much',
    async (input) => {
      expect(codesOf(await unlock(input))).toEqual(['BAD_USER_INPUT'])
    },
  )

  it('go on from what is on record when the counters are lost, but for what was forgiven or forgotten', async () => {
    await signIn(here, wrong, from(1))
    house.clock.advance(1)
    await signIn(here, correct, from(1))
    house.clock.advance(1)
    const before = evaluated()
    for (let turn = 0; turn < 30; turn++) {
      if (turn % 4 === 3) await lose()
      await signIn(here, wrong, from(1))
    }
    expect(evaluated() - before).toBe(10)
    await lose()
    expect(await typeOf(correct, from(1))).toBe('SignInRefused')
    await unlock({ email: 'ada@example.org' })
    await lose()
    expect(await typeOf(correct, from(1))).toBe('SignedIn')
  })

  it('count nothing of who was turned away for their sessions, also when the counters are lost', async () => {
    house.users.sessionLimit = { max: 1, onExcess: 'REFUSE' }
    await signIn(here, correct, from(1))
    house.clock.advance(1)
    house.users.secondFactors = ['TOTP']
    for (let turn = 0; turn < 10; turn++) {
      const { challengeId } = await signInAt(here, correct, from(1))
      const answer = await complete(here, { challengeId, totp: rightFactor('usr_ada') }, from(1))
      expect(factorResultOf(answer)).toMatchObject({ __typename: 'SessionLimitReached' })
      house.clock.advance(1)
    }
    await lose()
    expect(await typeOf(correct, from(1))).toBe('SecondFactorRequired')
  })
})

describe.skipIf(!hasRedis)('limits on signing in, at a process whose clock is wrong', () => {
  const clocks = [
    ['an hour ahead', '2030-01-01T01:00:00Z'],
    ['an hour behind', '2029-12-31T23:00:00Z'],
  ] as const

  async function houseWhere(time: string) {
    const house = await install('redis', { clock: clockAt(time) })
    onTestFinished(() => house.stop())
    const here = await house.startProcess()
    return {
      here,
      clock: house.clock,
      guess: () => Promise.all(Array.from({ length: 10 }, () => signIn(here, wrong, from(1)))),
      typeOf: async (input: typeof correct) => resultOf(await signIn(here, input, from(1))).__typename,
      async lose() {
        const { redis, prefix } = house.redis ?? expect.fail('it has a Redis')
        await redis.del(...(await redis.keys(`${prefix}attempts:*`)))
      },
    }
  }

  it.each(clocks)('stop somebody for a minute, %s, and no longer, also when the counters are lost', async (_, time) => {
    const { typeOf, guess, lose, clock } = await houseWhere(time)
    await guess()
    expect(await typeOf(correct)).toBe('SignInRefused')
    clock.advance(minuteMs - 1)
    await lose()
    expect(await typeOf(correct)).toBe('SignInRefused')
    clock.advance(1)
    await lose()
    expect(await typeOf(correct)).toBe('SignedIn')
  })

  it.each(clocks)('are lifted, %s, for what was tried, and not for what will be', async (_, time) => {
    const { here, typeOf, guess, lose, clock } = await houseWhere(time)
    await guess()
    clock.advance(1)
    await here.ask(unlockMutation, { principal: admin, variables: { input: { email: correct.email } } })
    clock.advance(1)
    await guess()
    await lose()
    expect(await typeOf(correct)).toBe('SignInRefused')
    clock.advance(1)
    await here.ask(unlockMutation, { principal: admin, variables: { input: { email: correct.email } } })
    expect(await typeOf(correct)).toBe('SignedIn')
  })
})
