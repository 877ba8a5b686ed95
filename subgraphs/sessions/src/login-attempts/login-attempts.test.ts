import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  codesOf,
  type Installation,
  install,
  personOf,
  type RunningSessions,
  resultOf,
  signedIn,
  signIn,
  wrong,
} from '../application.fixture.ts'

const attempt = 'at method outcome userId device network'
const everybodys = `query ($filter: LoginAttemptFilter, $first: Int, $after: String) {
  loginAttempts(filter: $filter, first: $first, after: $after) { nodes { ${attempt} } pageInfo { hasNextPage endCursor } } }`
const adas = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { loginAttempts { nodes { ${attempt} } } } } }`
const ofAda = { of: [{ __typename: 'User', id: 'usr_ada' }] }
const admin = aUser({ userId: 'usr_root', scopes: ['attempts:read'] })
const firefox = {
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
}

describe('login attempts', () => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install('memory')
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const outcomes = async (filter: object = {}) => {
    const { data } = await here.ask(everybodys, { principal: admin, variables: { filter } })
    const { nodes = [] } = (data?.loginAttempts ?? {}) as { nodes?: { outcome: string; userId: string | null }[] }
    return nodes.map(({ outcome, userId }) => [outcome, userId])
  }

  it('are shown to their person: what came of them, with what device, and from where, coarsely', async () => {
    await signIn(here, wrong, firefox)
    house.clock.advance(minuteMs)
    const ada = resultOf(await signIn(here, undefined, firefox))
    const { data } = await here.ask(adas, { principal: personOf(ada), variables: ofAda })
    const where = { device: 'Firefox on Linux', network: '192.0.2.0/24', userId: 'usr_ada', method: 'PASSWORD' }
    expect(data).toEqual({
      _entities: [
        {
          loginAttempts: {
            nodes: [
              { at: '2030-01-01T00:01:00.000Z', outcome: 'SIGNED_IN', ...where },
              { at: '2030-01-01T00:00:00.000Z', outcome: 'REFUSED', ...where },
            ],
          },
        },
      ],
    })
  })

  it('are on record also while nothing is evaluated, and say so', async () => {
    for (let tries = 0; tries < 10; tries++) await signIn(here, wrong)
    house.clock.advance(1)
    await signIn(here)
    expect((await outcomes()).slice(0, 2)).toEqual([
      ['LOCKED', 'usr_ada'],
      ['REFUSED', 'usr_ada'],
    ])
  })

  it('are found by the exact address, in any spelling, whether there is an account or not', async () => {
    await signIn(here, wrong)
    await signIn(here, { email: 'nobody@example.org', password: 'a guess' })
    expect(await outcomes({ email: ' ADA@example.ORG ' })).toEqual([['REFUSED', 'usr_ada']])
    expect(await outcomes({ email: 'nobody@example.org' })).toEqual([['REFUSED', null]])
    expect(await outcomes({ email: 'ada@example.or' })).toEqual([])
    expect(await outcomes({ userId: 'usr_ada' })).toHaveLength(1)
    expect(await outcomes({ outcome: 'SIGNED_IN' })).toEqual([])
  })

  it('come in pages that nothing shifts', async () => {
    for (let tries = 0; tries < 5; tries++) await signIn(here, wrong)
    const page = async (after: string | null) => {
      const { data } = await here.ask(everybodys, { principal: admin, variables: { first: 2, after } })
      house.clock.advance(1)
      await signIn(here, wrong)
      return data?.loginAttempts as { nodes: object[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    }
    const one = await page(null)
    const two = await page(one.pageInfo.endCursor)
    const three = await page(two.pageInfo.endCursor)
    expect([one, two, three].map(({ nodes }) => nodes.length)).toEqual([2, 2, 1])
    expect([one, two, three].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false])
  })

  it.each([
    ['nobody', undefined, 'UNAUTHENTICATED'],
    ['another person', aUser({ userId: 'usr_eve' }), 'NOT_FOUND'],
    ['a key of their own', anApiKey(), 'NOT_FOUND'],
    ['an administrator', admin, undefined],
  ])('of Ada are, to %s, as they should be', async (_who, principal, code) => {
    const answer = await here.ask(adas, { ...(principal && { principal }), variables: ofAda })
    expect(codesOf(answer)[0]).toBe(code)
  })

  it('of everybody are for those who hold the scope', async () => {
    expect(codesOf(await here.ask(everybodys, { principal: aUser() }))).toEqual(['FORBIDDEN'])
    expect(codesOf(await here.ask(everybodys))).toEqual(['UNAUTHENTICATED'])
  })

  it('hold no password and no address that could be read', async () => {
    await signIn(here, wrong, firefox)
    const dump = { name: 'test_dump', text: 'SELECT to_jsonb(a)::text AS row FROM sessions.sign_in_attempts a' }
    const stored = JSON.stringify(await house.database.query(dump, []))
    for (const readable of [wrong.password, wrong.email, firefox.address]) expect(stored).not.toContain(readable)
  })

  it('tell a person of a device that they were never signed in with, and not of the first or of a known one', async () => {
    const phone = { ...firefox, userAgent: 'Mozilla/5.0 (iPhone) Version/18.0 Mobile Safari/604.1' }
    await signIn(here, undefined, firefox)
    await signIn(here, wrong, phone)
    expect(house.users.toldOfDevices).toEqual([])
    await signIn(here, undefined, phone)
    await signIn(here, undefined, phone)
    await signIn(here, undefined, firefox)
    await signIn(here, { email: 'eve@example.org', password: 'correct horse' }, phone)
    expect(house.users.toldOfDevices).toEqual(['usr_ada'])
  })

  it('do not keep anybody from signing in when nobody can be told', async () => {
    await signIn(here, undefined, firefox)
    vi.spyOn(house.users.toldOfDevices, 'push').mockImplementation(() => {
      throw new Problem('UNAVAILABLE')
    })
    expect(resultOf(await signIn(here, undefined, { ...firefox, userAgent: 'curl/8' }))).toMatchObject({
      __typename: 'SignedIn',
    })
    vi.restoreAllMocks()
  })

  it('are forgotten after 90 days', async () => {
    await signIn(here, wrong)
    house.clock.advance(90 * dayMs + 1)
    await signIn(here, wrong)
    // Its process may be at it by itself, with the time of before, and then it is due again in an hour.
    const inAnHour = () => {
      house.clock.advance(hourMs)
      return here.clean()
    }
    await expect.poll(() => inAnHour().then(() => outcomes())).toHaveLength(1)
  })

  it('do not keep anybody from signing in when they cannot be written', async () => {
    const { query } = house.database
    vi.spyOn(house.database, 'query').mockImplementation((statement, values) =>
      statement.name === 'sessions_login_attempt_add'
        ? Promise.reject(new Problem('UNAVAILABLE'))
        : query(statement, values),
    )
    expect((await signedIn(here)).__typename).toBe('SignedIn')
    vi.restoreAllMocks()
  })
})
