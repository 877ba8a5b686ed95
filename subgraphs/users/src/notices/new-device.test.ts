import { aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, mailsTo, startUsers, tokenIn, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const note = (userId: string, principal = aService('sessions')) =>
  ask(under.users.subgraph, principal, 'mutation ($id: ID!) { noteNewDevice(userId: $id) { outcome } }', { id: userId })
const events = '{ me { securityEvents { nodes { kind } } } }'

describe('a new device', () => {
  it('is told to the person, with a way to say that it was not them, and is among the security events', async () => {
    const ada = await aMember(under.users, 'ada@example.com')
    expect((await note(ada.userId)).data).toEqual({ noteNewDevice: { outcome: 'NOTED' } })
    const mail = (await mailsTo(under.users, 'ada@example.com', 2)).at(-1)
    expect(mail).toMatchObject({ subject: 'A new device signed in' })
    expect(tokenIn(mail?.text)).toMatch(/^[\w-]{43}$/)
    const { data } = await ask(under.users.subgraph, ada, events)
    expect(JSON.stringify(data)).toContain('"NEW_DEVICE"')
  })

  it('and a token that came back are told apart', async () => {
    const bob = await aMember(under.users, 'bob@example.com')
    const query = 'mutation ($id: ID!) { noteReusedToken(userId: $id) { outcome } }'
    const { data } = await ask(under.users.subgraph, aService('sessions'), query, { id: bob.userId })
    expect(data).toEqual({ noteReusedToken: { outcome: 'NOTED' } })
    expect((await mailsTo(under.users, 'bob@example.com', 2)).at(-1)).toMatchObject({ subject: 'A session was ended' })
    expect(JSON.stringify((await ask(under.users.subgraph, bob, events)).data)).toContain('"TOKEN_REUSED"')
  })

  it.each(['usr_unknown', '', 'usr_\u0000'])('of nobody (%j) is told to nobody', async (id) => {
    expect((await note(id)).data).toEqual({ noteNewDevice: { outcome: 'NOT_NOTED' } })
  })

  it('is for Sessions alone to tell', async () => {
    const eve = await aMember(under.users, 'eve@example.com')
    for (const principal of [aService('gateway'), aService('users')])
      expect((await note(eve.userId, principal)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
    const byEve = await ask(
      under.users.subgraph,
      aUser({ userId: eve.userId }),
      `mutation { noteNewDevice(userId: "${eve.userId}") { outcome } }`,
    )
    expect(byEve.errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
  })
})
