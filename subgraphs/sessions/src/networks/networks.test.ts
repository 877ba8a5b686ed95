import { dayMs, secondMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  attemptLimit,
  auditOf,
  codesOf,
  correct,
  type Installation,
  install,
  type RunningSessions,
  signIn,
  wrong,
} from '../application.fixture.ts'

const admin = aUser({ userId: 'usr_root', scopes: ['sessions:admin'] })
const rule = 'networkRule { id network kind reason createdAt expiresAt }'
const put = (name: 'allowNetwork' | 'banNetwork') =>
  `mutation ($input: NetworkRuleInput!) { ${name}(input: $input) { ${rule} } }`
const client = { address: '203.0.113.9', userAgent: '' }
const tomorrow = '2030-01-02T00:00:00.000Z'

describe('network rules', () => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install('memory')
    here = await house.startProcess({ attempts: { ...attemptLimit, networkMax: 3 } })
  })
  afterEach(() => house.stop())

  const make = (name: 'allowNetwork' | 'banNetwork', input: object = {}) =>
    here.ask(put(name), {
      principal: admin,
      variables: { input: { network: '203.0.113.0/24', reason: 'a botnet', expiresAt: tomorrow, ...input } },
    })
  const list = async () => (await here.ask('{ networkRules { id network kind reason } }', { principal: admin })).data
  const outcome = async (process = here, input = correct) => {
    const answer = await signIn(process, input, client)
    const result = answer.data?.signIn as { __typename: string } | undefined
    return codesOf(answer)[0] ?? result?.__typename
  }

  it('keep a banned network out, at once here and within five seconds elsewhere, until they expire', async () => {
    const elsewhere = await house.startProcess()
    expect([await outcome(), await outcome(elsewhere)]).toEqual(['SignedIn', 'SignedIn'])
    expect((await make('banNetwork')).data?.banNetwork).toMatchObject({
      networkRule: { network: '203.0.113.0/24', kind: 'BAN', reason: 'a botnet', expiresAt: tomorrow },
    })
    expect(await outcome()).toBe('FORBIDDEN')
    for (const asked of ['startPasskeySignIn', 'requestMagicLink(input: { email: "ada@example.org" })'])
      expect(codesOf(await here.ask(`mutation { ${asked} { challengeId } }`, { client }))).toEqual(['FORBIDDEN'])
    expect(house.users.askedMails).toEqual([])
    house.clock.advance(5 * secondMs)
    expect(await outcome(elsewhere)).toBe('FORBIDDEN')
    house.clock.advance(dayMs)
    expect([await outcome(), await outcome(elsewhere), await list()]).toEqual([
      'SignedIn',
      'SignedIn',
      { networkRules: [] },
    ])
  })

  it('let an allowed network try without a budget of its own, and a person there no more than anywhere', async () => {
    await make('allowNetwork', { network: '203.0.113.9' })
    for (let turn = 0; turn < 5; turn++)
      expect(await outcome(here, { ...wrong, email: `${turn}@x.org` })).toBe('SignInRefused')
    for (let turn = 0; turn < 10; turn++) await outcome(here, wrong)
    expect(await outcome()).toBe('SignInRefused')
  })

  it('are one for each network, are removed once, and are on record', async () => {
    await make('allowNetwork')
    house.clock.advance(1)
    await make('banNetwork', { network: '203.0.113.77/24', reason: 'changed' })
    const kept = (await list()) as { networkRules: { id: string }[] }
    expect(kept.networkRules).toMatchObject([{ network: '203.0.113.0/24', kind: 'BAN', reason: 'changed' }])
    house.clock.advance(1)
    const remove = `mutation { removeNetworkRule(id: "${kept.networkRules[0]?.id}") { networkRule { network } } }`
    const [first, second] = [await here.ask(remove, { principal: admin }), await here.ask(remove, { principal: admin })]
    expect([codesOf(first), codesOf(second)]).toEqual([[], ['NOT_FOUND']])
    expect(await outcome()).toBe('SignedIn')
    const actions = (await auditOf(house)).map(({ action, actor_id }) => `${action} ${actor_id}`)
    expect(actions.filter((action) => action.startsWith('network'))).toEqual([
      'network.allow usr_root',
      'network.ban usr_root',
      'network.rule-remove usr_root',
    ])
  })

  it.each([
    [{ network: '0.0.0.0/0' }, 'input.network'],
    [{ reason: '  ' }, 'input.reason'],
    [{ reason: 'x'.repeat(201) }, 'input.reason'],
    [{ expiresAt: '2029-12-31T23:59:59Z' }, 'input.expiresAt'],
    [{ expiresAt: '2031-01-03T00:00:00Z' }, 'input.expiresAt'],
    [{ expiresAt: 'tomorrow' }, 'input.expiresAt'],
  ])('are not made of %j', async (input, fault) => {
    const { errors } = await make('banNetwork', input)
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', fields: { [fault]: expect.any(String) } })
  })
})
