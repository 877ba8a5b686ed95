import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  attemptLimit,
  correct,
  type Installation,
  install,
  personOf,
  type RunningSessions,
  resultOf,
  signIn,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { complete, resultOf as factorResultOf, signIn as signInAt } from '../sign-in/ceremony.fixture.ts'
import { linkOf, passkeyAnswer, rightFactor } from '../users.fixture.ts'

const from = (host: number) => ({ address: `198.51.100.${host}`, userAgent: 'Firefox' })

describe.each(storeKinds)('successes, counters on %s,', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess({ attempts: { ...attemptLimit, identifierMax: 20 } })
  })
  afterEach(() => house.stop())

  const evaluated = () => house.users.asked.filter(({ password }) => password !== '').length
  /** The counters; they are filled again from what is on record. */
  async function lose(): Promise<void> {
    if (!house.redis) {
      here = await house.startProcess()
      return
    }
    const { redis, prefix } = house.redis
    await redis.del(...(await redis.keys(`${prefix}attempts:*`)))
  }

  /** What Ada does from her network; each answers what became of it. */
  const ways: Readonly<Record<string, () => Promise<string>>> = {
    'the password': async () => (await signInAt(here, correct, from(1))).__typename,
    async 'the password and a second factor'() {
      house.users.secondFactors = ['TOTP']
      const { challengeId } = await signInAt(here, correct, from(1))
      house.clock.advance(1)
      const answer = await complete(here, { challengeId, totp: rightFactor('usr_ada') }, from(1))
      house.users.secondFactors = []
      return factorResultOf(answer).__typename
    },
    async 'a passkey'() {
      const begun = await here.ask('mutation { startPasskeySignIn { challengeId options } }', { client: from(1) })
      const { challengeId, options } = factorResultOf(begun) as unknown as Record<string, string>
      const { challenge } = JSON.parse(options ?? '')
      const finish =
        'mutation ($input: FinishPasskeySignInInput!) { finishPasskeySignIn(input: $input) { __typename } }'
      const input = { challengeId, response: passkeyAnswer('usr_ada', challenge) }
      return factorResultOf(await here.ask(finish, { variables: { input }, client: from(1) })).__typename
    },
    async 'a link by mail'() {
      const open = 'mutation ($token: String!) { signInWithMagicLink(input: { token: $token }) { __typename } }'
      const variables = { token: linkOf(correct.email) }
      return factorResultOf(await here.ask(open, { variables, client: from(1) })).__typename
    },
    async 'a step-up with the password'() {
      const { challengeId: _, ...pair } = factorResultOf(await signIn(here, correct, from(2)))
      house.clock.advance(1)
      const stepUp = 'mutation { stepUp(input: { password: "correct horse" }) { __typename } }'
      return factorResultOf(await here.ask(stepUp, { principal: personOf(pair), client: from(1) })).__typename
    },
  }
  const forgiving = ['the password', 'the password and a second factor', 'a step-up with the password']
  const cases = Object.keys(ways).flatMap((way) => [[way, 'kept'] as const, [way, 'lost'] as const])
  it.each(cases)('forgive for %s what they do, where the counters are %s', async (way, counters) => {
    for (let turn = 0; turn < 6; turn++) await signIn(here, wrong, from(1))
    house.clock.advance(1)
    expect(await ways[way]?.()).toBe('SignedIn')
    house.clock.advance(1)
    if (counters === 'lost') await lose()
    const before = evaluated()
    for (let turn = 0; turn < 15; turn++) await signIn(here, wrong, from(1))
    expect(evaluated() - before).toBe(forgiving.includes(way) ? 10 : 4)
  })

  it.each(['kept', 'lost'])(
    'forgive the wrong factors before a right one to step up, where the counters are %s',
    async (counters) => {
      const pair = resultOf(await signIn(here, correct, from(2)))
      house.users.secondFactors = ['TOTP']
      const stepUp = async (totp: string) => {
        const ask = 'mutation ($input: StepUpInput!) { stepUp(input: $input) { __typename } }'
        return here.ask(ask, { principal: personOf(pair), client: from(1), variables: { input: { totp } } })
      }
      for (let turn = 0; turn < 6; turn++) await stepUp('wrong')
      house.clock.advance(1)
      expect(factorResultOf(await stepUp(rightFactor('usr_ada'))).__typename).toBe('SignedIn')
      house.clock.advance(1)
      if (counters === 'lost') await lose()
      const looked = () => house.users.askedFactors.filter(({ userId }) => userId === 'usr_ada').length
      const before = looked()
      for (let turn = 0; turn < 15; turn++) await stepUp('wrong')
      expect(looked() - before).toBe(10)
    },
  )
})
