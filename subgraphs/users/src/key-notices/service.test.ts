import type { UserPrincipal } from '@latchkey/principal'
import { aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, mutate } from '../administration/administration.fixture.ts'
import { aMember, mailsTo, startUsers, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
let root: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  root = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

let refs = 0
const send = async (ownerId: string, more: Record<string, unknown> = {}) => {
  const input = {
    ...{
      ref: `ref_${refs++}`,
      ownerId,
      kind: 'EXPIRES',
      name: 'deploy',
      prefix: 'lk_test_8sJ2kQ0xVb3N',
      lastFour: '9fXq',
    },
    ...{ endsAt: '2030-01-15T09:30:00.000Z', daysLeft: 14, ...more },
  }
  const query = 'mutation ($input: SendKeyNoticeInput!) { sendKeyNotice(input: $input) { outcome } }'
  const { data } = await ask(under.users.subgraph, aService('api-keys'), query, { input })
  return (data?.sendKeyNotice as { outcome: string } | undefined)?.outcome
}
const subjects = async (address: string, count: number) =>
  (await mailsTo(under.users, address, count)).map(({ subject }) => subject)
const aService14 = async (responsible: readonly string[]) => {
  const { given } = await mutate(
    under.users,
    root,
    'createServiceAccount',
    { name: 'Nightly', responsible },
    'account { id }',
  )
  return (given as { account: { id: string } }).account.id
}

describe('a notice about a key', () => {
  it('names the key, how long it has and what to do, and nothing that could be used as one', async () => {
    const { userId } = await aMember(under.users, 'ada@example.com')
    expect(await send(userId)).toBe('SENT')
    const mail = (await mailsTo(under.users, 'ada@example.com', 2)).at(-1)
    expect(mail?.subject).toBe('An API key expires in 14 days')
    for (const part of [
      '“deploy”',
      'lk_test_8sJ2kQ0xVb3N…9fXq',
      'of Ada',
      '2030-01-15 09:30 UTC',
      'in 14 days',
      'rotate it',
    ])
      expect(mail?.text).toContain(part)
  })

  it('speaks the language of its reader, and of the last day in other words', async () => {
    const { userId } = await aMember(under.users, 'deutsch@example.com', { locale: 'de' })
    await send(userId, { daysLeft: 1 })
    await send(userId, { kind: 'OVERLAP_ENDS', lastUsedAt: '2030-01-01T10:00:00.000Z' })
    expect((await subjects('deutsch@example.com', 3)).slice(1)).toEqual([
      'Ein API-Schlüssel läuft innerhalb eines Tages ab',
      'Ein ersetzter API-Schlüssel wird noch verwendet',
    ])
  })

  it('is mailed once, however often it is asked for', async () => {
    const { userId } = await aMember(under.users, 'once@example.com')
    await Promise.all(Array.from({ length: 20 }, () => send(userId, { ref: 'the_same' })))
    await send(userId, { ref: 'another', daysLeft: 3 })
    expect((await subjects('once@example.com', 3)).slice(1)).toEqual([
      'An API key expires in 14 days',
      'An API key expires in 3 days',
    ])
  })

  it('of a service account goes to everyone who answers for it and can be reached', async () => {
    const people = await Promise.all(['one', 'two', 'left'].map((name) => aMember(under.users, `${name}@example.com`)))
    const id = await aService14(people.map(({ userId }) => userId))
    await mutate(under.users, root, 'suspendUser', { id: people[2]?.userId, reason: 'left' })
    expect(await send(id)).toBe('SENT')
    for (const name of ['one', 'two']) {
      const mail = (await mailsTo(under.users, `${name}@example.com`, 2)).at(-1)
      expect(mail?.text).toContain('of Nightly')
    }
    expect((await subjects('left@example.com', 2)).join()).not.toContain('expires')
  })

  it('goes to nobody about an account that is not active, or has nobody', async () => {
    const { userId } = await aMember(under.users, 'stopped@example.com')
    await mutate(under.users, root, 'suspendUser', { id: userId, reason: 'x' })
    const alone = await aMember(under.users, 'alone@example.com')
    const id = await aService14([alone.userId])
    await under.users.erasure.eraseNow(alone.userId)
    expect([await send(userId), await send(id), await send('usr_unknown'), await send('svc_\u0000')]).toEqual([
      'NOBODY',
      'NOBODY',
      'NOBODY',
      'NOBODY',
    ])
  })
})
