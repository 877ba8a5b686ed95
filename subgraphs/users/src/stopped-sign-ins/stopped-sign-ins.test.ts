import { minuteMs } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, mailsTo, startUsers, tokenIn, type UsersUnderTest, until } from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const sessions = aService('sessions')
const note = (id: string, what: string, principal = sessions) =>
  ask(
    under.users.subgraph,
    principal,
    'mutation ($id: ID!, $what: StoppedSignIn!) { noteStoppedSignIn(userId: $id, what: $what) { outcome } }',
    { id, what },
  )
const reset = (token: string, client?: { address: string; userAgent: string }) =>
  under.users.subgraph.execute({
    query: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { outcome } }',
    variables: { input: { token, newPassword: 'a wholly different phrase' } },
    principal: anonymous,
    requestId: 'req_1',
    client,
  })

describe('signing in that was stopped', () => {
  it('is told to the person, in the words for what was stopped, and is among the security events', async () => {
    const ada = await aMember(under.users, 'ada@example.com')
    for (const what of ['PASSWORD_FROM_ONE_NETWORK', 'PASSWORD_FROM_STRANGERS', 'SECOND_FACTOR'])
      expect((await note(ada.userId, what)).data).toEqual({ noteStoppedSignIn: { outcome: 'NOTED' } })
    const [, paused, closed, factors] = await mailsTo(under.users, 'ada@example.com', 4)
    expect([paused, closed, factors].map((mail) => mail?.subject)).toEqual([
      'Wrong passwords for your account',
      'Signing in to your account is closed to strangers',
      'Wrong second factors for your account',
    ])
    expect([paused, closed, factors].map((mail) => /(\/[a-z-]+)\?token=/.exec(mail?.text ?? '')?.[1])).toEqual([
      undefined,
      '/reset-password',
      '/not-me',
    ])
    const { data } = await ask(under.users.subgraph, ada, '{ me { securityEvents { nodes { kind } } } }')
    expect(JSON.stringify(data).split('SIGN_IN_STOPPED')).toHaveLength(4)
  })

  it('is lifted by the link of the mail, which sets a new password; should nobody answer then, it is tried again', async () => {
    const bob = await aMember(under.users, 'bob@example.com')
    await note(bob.userId, 'PASSWORD_FROM_STRANGERS')
    const mail = (await mailsTo(under.users, 'bob@example.com', 2)).at(-1)
    under.holders.sessions.state = 'away'
    const { data } = await reset(tokenIn(mail?.text))
    expect(data).toEqual({ resetPassword: { outcome: 'RESET' } })
    expect(under.holders.sessions.forgiven).toEqual([])
    under.holders.sessions.state = 'well'
    under.clock.advance(minuteMs)
    under.replica()
    await until(() => under.holders.sessions.forgiven.includes('bob@example.com'))
  })

  it('is hastened by wrong tokens for a new password, where they come from, but not by what is none', async () => {
    const client = { address: '192.0.2.7', userAgent: '' }
    for (const token of ['A'.repeat(43), 'garbage', ''])
      expect((await reset(token, client)).data).toEqual({ resetPassword: { outcome: 'REFUSED' } })
    expect(under.holders.sessions.charged).toEqual(['192.0.2.7'])
    under.holders.sessions.state = 'away'
    expect((await reset('A'.repeat(43), client)).data).toEqual({ resetPassword: { outcome: 'REFUSED' } })
    under.holders.sessions.state = 'well'
  })

  it('of nobody is told to nobody, and is for Sessions alone to tell', async () => {
    expect((await note('usr_unknown', 'SECOND_FACTOR')).data).toEqual({ noteStoppedSignIn: { outcome: 'NOT_NOTED' } })
    for (const principal of [aService('gateway'), aService('users')])
      expect((await note('usr_unknown', 'SECOND_FACTOR', principal)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
  })
})

describe('the account that an address names', () => {
  const named = async (email: string, principal = sessions) => {
    const query = 'query ($email: String!) { namedAccount(email: $email) { userId } }'
    const { data, errors } = await ask(under.users.subgraph, principal, query, { email })
    const account = data?.namedAccount as { userId: string | null } | undefined
    return errors?.[0]?.extensions?.code ?? account?.userId
  }

  it('is told to Sessions alone, in any spelling, and is none where there is none', async () => {
    const eve = await aMember(under.users, 'eve@example.com')
    expect(await named(' EVE@example.com')).toBe(eve.userId)
    expect([await named('nobody@example.com'), await named('no address')]).toEqual([null, null])
    expect(await named('eve@example.com', aService('gateway'))).toBe('FORBIDDEN')
  })
})
