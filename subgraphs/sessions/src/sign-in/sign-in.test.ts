import { minuteMs } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  auditOf,
  codesOf,
  correct,
  type Installation,
  install,
  personOf,
  type Question,
  type RunningSessions,
  resultOf,
  signedIn,
  signIn,
  storeKinds,
  wrong,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'

const refused = {
  __typename: 'SignInRefused',
  remedy: 'Check the address and the password, or reset the password. After many tries, wait 15 minutes.',
}
const from = (address: string) => ({ address, userAgent: '' })
const evaluated = ({ users }: Installation) => users.asked.filter(({ password }) => password !== '').length

describe.each(storeKinds)('signing in, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const fail = (times: number, client?: ReturnType<typeof from>) =>
    Promise.all(Array.from({ length: times }, () => signIn(here, wrong, client)))

  it('gives a pair of tokens, and the ids of session and user to a caller who was nobody when asking', async () => {
    const pair = await signedIn(here)
    expect(pair).toMatchObject({ __typename: 'SignedIn', user: { id: 'usr_ada' } })
    expect(pair.session.id).toMatch(/^ses_/)
    expect(Date.parse(pair.expiresAt) - house.clock.now().getTime()).toBeLessThanOrEqual(10 * minuteMs)
  })

  it('gives nothing else of the session before the next request', async () => {
    const query = `mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn {
      session { id device } user { id sessions { id } } } } }`
    const { data, errors } = await here.ask(query, { variables: { input: correct } })
    expect(data).toMatchObject({ signIn: { session: { device: null }, user: { id: 'usr_ada', sessions: null } } })
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED'])
  })

  it('does not let one sign-in open the ids of another operation', async () => {
    const { session } = await signedIn(here)
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Session { id } } }'
    const answer = await here.ask(query, { variables: { of: [{ __typename: 'Session', id: session.id }] } })
    expect(codesOf(answer)).toEqual(['UNAUTHENTICATED'])
  })

  it('keeps what was proved, and where, in the session', async () => {
    const pair = await signedIn(here)
    const { session } = await house.records.session(pair.session.id, 'usr_ada')
    const atMs = house.clock.now().getTime()
    expect(session).toMatchObject({ userId: 'usr_ada', amr: ['pwd'], acr: 'aal1', authTimeMs: atMs, createdAtMs: atMs })
  })

  it('is written down', async () => {
    const { session } = await signedIn(here)
    const row = {
      action: 'session.begin',
      outcome: 'done',
      target: session.id,
      actor_kind: 'anonymous',
      actor_id: null,
      on_behalf_of: null,
    }
    expect(await auditOf(house)).toEqual([row])
  })

  it('answers a wrong password, an unknown address and used-up tries with the same words, each after one check', async () => {
    expect(resultOf(await signIn(here, wrong))).toEqual(refused)
    expect(resultOf(await signIn(here, { ...correct, email: 'nobody@example.org' }))).toEqual(refused)
    await fail(9)
    const before = house.users.asked.length
    expect(resultOf(await signIn(here, correct))).toEqual(refused)
    expect(house.users.asked.slice(before)).toEqual([{ email: 'ada@example.org', password: '' }])
  })

  it('evaluates exactly ten of 200 wrong tries at once', async () => {
    const answers = await fail(200)
    expect(answers.map(resultOf)).toEqual(Array(200).fill(refused))
    expect(evaluated(house)).toBe(10)
  })

  it('evaluates exactly ten of 200 wrong tries that are aliases of one operation', async () => {
    const fields = Array.from({ length: 200 }, (_, turn) => `a${turn}: signIn(input: $input) { __typename }`)
    await here.ask(`mutation ($input: SignInInput!) { ${fields.join(' ')} }`, { variables: { input: wrong } })
    expect(evaluated(house)).toBe(10)
  })

  it('counts every spelling of an address as the same', async () => {
    const spellings = ['ADA@example.org', ' ada@example.org ', 'ａｄａ@example.org', 'ada@exam\u{fe0f}ple.org']
    for (const email of spellings) for (let turn = 0; turn < 4; turn++) await signIn(here, { ...wrong, email })
    expect(evaluated(house)).toBe(10)
  })

  it('looks at a password again after a minute, and at one in each of the longer waits that follow', async () => {
    await fail(10)
    for (const minutes of [1, 2, 4]) {
      house.clock.advance(minutes * minuteMs - 1)
      expect(resultOf(await signIn(here))).toEqual(refused)
      house.clock.advance(1)
      const before = evaluated(house)
      await fail(20)
      expect(evaluated(house) - before).toBe(1)
    }
    house.clock.advance(8 * minuteMs)
    expect(resultOf(await signIn(here))).toMatchObject({ __typename: 'SignedIn' })
  })

  it('forgets the failed tries of a person who signs in', async () => {
    await fail(9)
    await signedIn(here)
    await fail(9)
    expect(resultOf(await signIn(here))).toMatchObject({ __typename: 'SignedIn' })
  })

  it('forgets nobody else’s tries when somebody signs in', async () => {
    await fail(10)
    await signedIn(here, { ...correct, email: 'eve@example.org' })
    expect(resultOf(await signIn(here))).toEqual(refused)
  })

  it('costs no try when nobody could look at the password', async () => {
    house.users.state = 'overloaded'
    for (const answer of await fail(20)) expect(codesOf(answer)).toEqual(['UNAVAILABLE'])
    house.users.state = 'well'
    await fail(9)
    expect(resultOf(await signIn(here))).toMatchObject({ __typename: 'SignedIn' })
  })

  it('refuses what is too long to be an address before anything is counted or checked', async () => {
    const answer = await signIn(here, { ...correct, email: `${'a'.repeat(400)}@example.org` })
    expect(answer.errors?.[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      fields: { 'input.email': 'is longer than an address can be' },
    })
    expect(house.users.asked).toEqual([])
  })

  it('ends the session of the same client, known by its access token or its refresh cookie, and no other', async () => {
    house.users.sessionLimit = { max: 3, onExcess: 'REFUSE' }
    const [byToken, byCookie, elsewhere] = [await signedIn(here), await signedIn(here), await signedIn(here)]
    const isAlive = async (pair: typeof elsewhere) =>
      (await house.records.session(pair.session.id, '')).session !== null
    const again = async (question: Question) => {
      const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }'
      return (await here.ask(query, { variables: { input: correct }, ...question })).data?.signIn
    }
    const client = { ...from('192.0.2.1'), refreshToken: byCookie.refreshToken }
    const forged = { ...client, refreshToken: byCookie.refreshToken.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A')) }
    expect(await again({ client: forged })).toEqual({ __typename: 'SessionLimitReached' })
    await here.ask('mutation { signIn(input: { email: "ada@example.org", password: "x" }) { __typename } }', { client })
    expect(await Promise.all([byToken, byCookie].map(isAlive))).toEqual([true, true])
    for (const question of [{ principal: personOf(byToken) }, { client }])
      expect(await again(question)).toEqual({ __typename: 'SignedIn' })
    expect(await Promise.all([byToken, byCookie, elsewhere].map(isAlive))).toEqual([false, false, true])
    expect((await auditOf(house)).filter(({ outcome }) => outcome === 'replaced')).toHaveLength(2)
  })

  it('ends the oldest session of a person who has a hundred', async () => {
    const oldest = await signedIn(here)
    for (let turn = 0; turn < 100; turn++) {
      house.clock.advance(1)
      await signedIn(here)
    }
    const query = '{ session { id } }'
    expect((await here.ask(query, { principal: personOf(oldest) })).data).toEqual({ session: null })
    const ends = (await auditOf(house)).filter(({ action }) => action === 'session.end')
    expect(ends).toMatchObject([{ outcome: 'too-many-sessions', target: oldest.session.id }])
  })
})

describe.skipIf(!hasRedis)('signing in, on two processes that share Redis', () => {
  let house: Installation
  beforeEach(async () => {
    house = await install('redis')
  })
  afterEach(() => house.stop())

  it('evaluates exactly ten of 200 wrong tries at once', async () => {
    const processes = [await house.startProcess(), await house.startProcess()]
    const tries = Array.from({ length: 100 }, () => processes.map((process) => signIn(process, wrong)))
    for (const answer of await Promise.all(tries.flat())) expect(resultOf(answer)).toEqual(refused)
    expect(evaluated(house)).toBe(10)
  })

  it('tells Redis no address of anyone', async () => {
    const here = await house.startProcess()
    await signIn(here, wrong, from('192.0.2.7'))
    const keys = (await house.redis?.redis.keys(`${house.redis.prefix}attempts:*`)) ?? []
    expect(keys).toHaveLength(2)
    expect(keys.join()).not.toMatch(/ada@|example|192\.0/)
  })
})
