import { minuteMs } from '@latchkey/clock'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, mailsTo, startUsers, thePassword, type UsersUnderTest } from '../../application.fixture.ts'
import { accountRow, auditOf, change, confirmTotp, dropPassword, newPassword, signsIn } from '../passwords.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

let people = 0
/** Somebody who signed in just now. */
async function aFreshMember() {
  const email = `changer${people++}@example.com`
  const { userId, sessionId } = await aMember(under.users, email)
  const authTime = Math.floor(under.clock.now().getTime() / 1_000)
  return { email, who: aUser({ userId, sessionId, authTime }) }
}

const right = { currentPassword: thePassword, newPassword }
const wrong = { currentPassword: 'not the one', newPassword }

describe('changePassword', () => {
  it('replaces the password, ends the other sessions, sends a notice and is on record', async () => {
    const { email, who } = await aFreshMember()
    const before = await accountRow(under, who.userId)
    expect(await change(under.users, who, right)).toEqual({ outcome: 'CHANGED' })
    expect([await signsIn(under.users, email, newPassword), await signsIn(under.users, email, thePassword)]).toEqual([
      true,
      false,
    ])
    const after = await accountRow(under, who.userId)
    expect(after.sessionEpoch).toBe(before.sessionEpoch + 1)
    expect(after.grantsEpoch).toBe(before.grantsEpoch + 1)
    expect(after.sessionKept).toBe(who.sessionId)
    const told = await under.records.grants(who.userId)
    expect(told).toMatchObject({ sessionEpoch: after.sessionEpoch, sessionKept: who.sessionId })
    const mails = await mailsTo(under.users, email, 2)
    expect(mails[1]?.subject).toBe('Your password was changed')
    expect(mails[1]?.text).not.toContain(newPassword)
    expect(await auditOf(under, who.userId, 'password.change')).toEqual(['changed'])
    const ofThem = () => under.holders.sessions.endings.filter(({ userId }) => userId === who.userId)
    await expect.poll(ofThem).toEqual([{ userId: who.userId, change: 'PASSWORD_CHANGED' }])
  })

  it('has Sessions forget the others also where it answers only later', async () => {
    const { who } = await aFreshMember()
    under.holders.sessions.state = 'away'
    expect(await change(under.users, who, right)).toEqual({ outcome: 'CHANGED' })
    expect(await under.records.grants(who.userId)).toMatchObject({ sessionKept: who.sessionId })
    under.holders.sessions.state = 'well'
    under.clock.advance(minuteMs)
    under.replica()
    const told = { userId: who.userId, change: 'PASSWORD_CHANGED' }
    await expect.poll(() => under.holders.sessions.endings).toContainEqual(told)
  })

  it('refuses a wrong current password, changes nothing and is on record', async () => {
    const { email, who } = await aFreshMember()
    const before = await accountRow(under, who.userId)
    expect(await change(under.users, who, wrong)).toEqual({ outcome: 'REFUSED' })
    expect(await accountRow(under, who.userId)).toEqual(before)
    expect(await signsIn(under.users, email, thePassword)).toBe(true)
    expect(await auditOf(under, who.userId, 'password.change')).toEqual(['refused'])
  })

  it.each([
    ['too short', 'short', 'must be at least 12 characters'],
    ['common', '1qaz2wsx3edc', 'must not be one of the most common passwords; try a few unrelated words'],
    ['the current one', thePassword, 'must be another one than the current'],
    ['the address', 'changer@example.com', 'must not resemble your name or address; choose something unrelated'],
  ])('refuses a new one that is %s, and counts no try', async (_what, password, fault) => {
    const { who } = await aFreshMember()
    const refused = { code: 'BAD_USER_INPUT', fields: { 'input.newPassword': fault } }
    const input = { currentPassword: thePassword, newPassword: password }
    for (let tries = 0; tries < 11; tries++) expect(await change(under.users, who, input)).toEqual(refused)
    expect(await change(under.users, who, right)).toEqual({ outcome: 'CHANGED' })
  })

  it('takes eight characters from who has a second factor', async () => {
    const { who } = await aFreshMember()
    const input = { currentPassword: thePassword, newPassword: 'v9#Kq2!x' }
    expect(await change(under.users, who, input)).toMatchObject({ code: 'BAD_USER_INPUT' })
    await confirmTotp(under, who.userId)
    expect(await change(under.users, who, input)).toEqual({ outcome: 'CHANGED' })
  })

  it('compares ten wrong ones in a quarter of an hour and no more, however many come at once', async () => {
    const { email, who } = await aFreshMember()
    const replicas = [under.users, under.replica()] as const
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => change(replicas[index % 2 === 0 ? 0 : 1], who, wrong)),
    )
    const outcomes = answers.map(({ outcome, code }) => outcome ?? code)
    expect(outcomes.filter((outcome) => outcome === 'REFUSED')).toHaveLength(10)
    expect(outcomes.filter((outcome) => outcome === 'FORBIDDEN')).toHaveLength(190)
    expect(await change(under.users, who, right)).toEqual({ code: 'FORBIDDEN', retryAfterMs: 15 * minuteMs })
    expect(await signsIn(under.users, email, thePassword)).toBe(true)
    under.clock.advance(15 * minuteMs + 1)
    const later = { ...who, authTime: Math.floor(under.clock.now().getTime() / 1_000) }
    expect(await change(under.users, later, right)).toEqual({ outcome: 'CHANGED' })
  })

  it('forgets wrong ones after a right one', async () => {
    const { who } = await aFreshMember()
    for (let tries = 0; tries < 9; tries++) await change(under.users, who, wrong)
    expect(await change(under.users, who, right)).toEqual({ outcome: 'CHANGED' })
    const again = { currentPassword: 'not the one', newPassword: thePassword }
    for (let tries = 0; tries < 9; tries++)
      expect(await change(under.users, who, again)).toEqual({ outcome: 'REFUSED' })
  })

  it('happens once of two hundred at the same moment', async () => {
    const { email, who } = await aFreshMember()
    const replicas = [under.users, under.replica()] as const
    const wanted = Array.from({ length: 200 }, (_, index) => `horse number ${index} battery`)
    const answers = await Promise.all(
      wanted.map((password, index) =>
        change(replicas[index % 2 === 0 ? 0 : 1], who, { currentPassword: thePassword, newPassword: password }),
      ),
    )
    const winners = answers.flatMap(({ outcome }, index) => (outcome === 'CHANGED' ? [index] : []))
    expect(winners).toHaveLength(1)
    expect(await signsIn(under.users, email, wanted[winners[0] ?? -1] ?? '')).toBe(true)
    expect(await auditOf(under, who.userId, 'password.change')).toContain('changed')
  })

  it('changes nothing, and keeps no session, of an account that was stopped while it hashed', async () => {
    const { who } = await aFreshMember()
    await under.database.prisma.account.update({ where: { id: who.userId }, data: { status: 'suspended' } })
    const before = await accountRow(under, who.userId)
    expect(await change(under.users, who, right)).toMatchObject({ code: 'CONFLICT' })
    expect(await accountRow(under, who.userId)).toEqual(before)
  })

  it('refuses who has no password', async () => {
    const { who } = await aFreshMember()
    await dropPassword(under, who.userId)
    expect(await change(under.users, who, right)).toEqual({ outcome: 'REFUSED' })
  })

  it('asks for a fresh sign-in, of a person', async () => {
    const { email, who } = await aFreshMember()
    const stale = { ...who, authTime: who.authTime - 601 }
    expect(await change(under.users, stale, right)).toMatchObject({ code: 'STEP_UP_REQUIRED' })
    const key = anApiKey({ ownerId: who.userId, scopes: ['profile:read', 'profile:write', 'users:write'] })
    expect(await change(under.users, key, right)).toEqual({ code: 'FORBIDDEN' })
    expect(await change(under.users, aService('sessions'), right)).toEqual({ code: 'FORBIDDEN' })
    expect(await signsIn(under.users, email, thePassword)).toBe(true)
  })

  it('never looks at what is too long', async () => {
    const { who } = await aFreshMember()
    const megabyte = 'x'.repeat(1_000_000)
    expect(await change(under.users, who, { currentPassword: megabyte, newPassword })).toEqual({ outcome: 'REFUSED' })
    expect(await change(under.users, who, { currentPassword: thePassword, newPassword: megabyte })).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
  })
})
