import { hourMs } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { isActiveAt } from '@latchkey/principal/credential-records'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  mailsTo,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
  until,
} from '../application.fixture.ts'
import { newPassword, requestReset, reset, resetTokenOf, signsIn } from '../passwords/passwords.fixture.ts'
import { anAdministrator, asNow, grantsOf, mutate, recorded, restore } from './administration.fixture.ts'

let under: UsersUnderTest
let root: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  root = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

const suspend = (id: string, more: Record<string, unknown> = {}, by = root) =>
  mutate(under.users, by, 'suspendUser', { id, reason: 'Sends spam', ...more }, 'user { status }')
const remove = (id: string, by = root) => mutate(under.users, by, 'deleteUser', { id }, 'user { status }')
const asked = async (by: UserPrincipal, id: string, fields: string) =>
  (await ask(under.users.subgraph, by, `query ($id: ID!) { user(id: $id) { ${fields} } }`, { id })).data?.user
const outcomeOfPassword = async (email: string) => (await check(under.users, email, thePassword)).data?.checkPassword

describe('a suspension', () => {
  it('is known to every process when it is answered, ends every session and closes the door', async () => {
    const { userId } = await aMember(under.users, 'spam@example.com')
    const before = await grantsOf(under.users, userId)
    expect((await suspend(userId)).given).toEqual({ user: { status: 'SUSPENDED' } })
    expect(await recorded(under, userId)).toMatchObject({
      active: false,
      epoch: before.epoch + 1,
      sessionEpoch: before.sessionEpoch + 1,
    })
    expect(await outcomeOfPassword('spam@example.com')).toEqual({ outcome: 'NO_MATCH', userId: null })
  })

  it('tells administrators why, and the person only that', async () => {
    const person = await aMember(under.users, 'why@example.com')
    await suspend(person.userId, { reason: '  Sends\n spam ', until: '2030-02-01T00:00:00Z' })
    expect(await asked(root, person.userId, 'suspension { reason since until by }')).toEqual({
      suspension: {
        reason: 'Sends spam',
        since: '2030-01-01T00:00:00.000Z',
        until: '2030-02-01T00:00:00.000Z',
        by: root.userId,
      },
    })
    const own = await ask(under.users.subgraph, person, '{ me { status suspension { reason } } }')
    expect([own.data, own.errors?.[0]?.extensions?.code]).toEqual([
      { me: { status: 'SUSPENDED', suspension: null } },
      'FORBIDDEN',
    ])
  })

  it('leaves its reason readable nowhere in the database', async () => {
    const { userId } = await aMember(under.users, 'sealed@example.com')
    await suspend(userId, { reason: 'a very particular reason' })
    const text = {
      name: 'test_rows',
      text: `SELECT (SELECT string_agg(a::text, '') FROM users.accounts a)
      || (SELECT string_agg(r::text, '') FROM users.audit_records r) AS rows`,
    }
    const [row] = await under.database.query<{ rows: string }>(text, [])
    expect(row?.rows).not.toContain('particular')
  })

  it('is over at its end without anybody asking, and sessions from before it stay ended', async () => {
    const { userId } = await aMember(under.users, 'until@example.com')
    await suspend(userId, { until: new Date(under.clock.now().getTime() + 60_000).toISOString() })
    const { sessionEpoch } = await grantsOf(under.users, userId)
    under.clock.advance(59_999)
    expect((await grantsOf(under.users, userId)).active).toBe(false)
    under.clock.advance(1)
    await until(async () => (await recorded(under, userId))?.active === true)
    expect(await asked(root, userId, 'status suspension { reason }')).toEqual({ status: 'ACTIVE', suspension: null })
    expect((await grantsOf(under.users, userId)).sessionEpoch).toBeGreaterThanOrEqual(sessionEpoch)
    expect(await outcomeOfPassword('until@example.com')).toEqual({ outcome: 'MATCH', userId })
  })

  it('is over at its end for whoever reads the grants, even when the errand is late', async () => {
    const late = await startUsers()
    const admin = await anAdministrator(late, 'root@example.com')
    const { userId } = await aMember(late.users, 'late@example.com')
    await late.users.close()
    const stopped = late.unstarted()
    const input = { id: userId, reason: 'x', until: new Date(late.clock.now().getTime() + 1_000).toISOString() }
    expect((await mutate(stopped, admin, 'suspendUser', input)).code).toBeUndefined()
    const published = (await recorded(late, userId)) ?? expect.fail()
    const end = late.clock.now().getTime() + 1_000
    expect([isActiveAt(published, end - 1), isActiveAt(published, end)]).toEqual([false, true])
    late.clock.advance(1_000)
    expect((await grantsOf(stopped, userId)).active).toBe(true)
    // Given up; the hourly job does it.
    await late.database.prisma.usersOutboxMessage.updateMany({ data: { attempts: 1_000 } })
    late.clock.advance(hourMs)
    late.replica()
    const status = async () => (await late.database.prisma.account.findUnique({ where: { id: userId } }))?.status
    await until(async () => (await status()) === 'active')
    await late.close()
  })

  it('replaces the one before it: the end of the old one does nothing', async () => {
    const { userId } = await aMember(under.users, 'again@example.com')
    await suspend(userId, { until: new Date(under.clock.now().getTime() + 10_000).toISOString() })
    await suspend(userId, { reason: 'for good' })
    under.clock.advance(120_000)
    const { userId: sign } = await aMember(under.users, 'sign@example.com')
    await suspend(sign, { until: new Date(under.clock.now().getTime() + 1).toISOString() })
    under.clock.advance(1)
    await until(async () => (await recorded(under, sign))?.active === true)
    expect((await grantsOf(under.users, userId)).active).toBe(false)
  })

  it.each([
    ['no reason', { reason: '  ' }, 'input.reason'],
    ['a reason too long', { reason: 'x'.repeat(501) }, 'input.reason'],
    ['an end in the past', { until: '2029-12-31T23:59:59Z' }, 'input.until'],
    ['an end that is no moment', { until: 'tomorrow' }, 'input.until'],
    ['an end that is a number', { until: 4_102_444_800 }, 'input.until'],
  ])('with %s is refused', async (_, more, name) => {
    const { userId } = await aMember(under.users, `refused${Math.random()}@example.com`)
    const { code, error } = await suspend(userId, more)
    expect([code, Object.keys((error?.extensions?.fields ?? {}) as object)]).toEqual(['BAD_USER_INPUT', [name]])
    expect((await grantsOf(under.users, userId)).active).toBe(true)
  })

  it('leaves nothing behind that moves the account once it is over: a change of address that waits is void', async () => {
    const person = await aMember(under.users, 'waiting@example.com')
    const thief = { ...person, authTime: under.clock.now().getTime() / 1_000 }
    const moving = { newEmail: 'thief@example.com' }
    await mutate(under.users, thief, 'requestEmailChange', moving, 'outcome')
    const token = tokenIn((await mailsTo(under.users, 'thief@example.com'))[0]?.text)
    await suspend(person.userId)
    expect(await restore(under.users, root, person.userId)).toBe('ok')
    const confirmed = await mutate(under.users, thief, 'confirmEmailChange', { token }, 'outcome')
    expect(confirmed.given).toEqual({ outcome: 'REFUSED' })
  })

  it('has no end on an account that its owner locked: nobody is let in by it', async () => {
    const { userId } = await aMember(under.users, 'locked-out@example.com')
    await under.database.prisma.account.update({ where: { id: userId }, data: { status: 'locked' } })
    const until = new Date(under.clock.now().getTime() + 60_000).toISOString()
    expect((await suspend(userId, { until })).code).toBe('CONFLICT')
    expect((await suspend(userId)).given).toEqual({ user: { status: 'SUSPENDED' } })
  })

  it('is done to nobody by themselves, and to nobody unknown', async () => {
    expect((await suspend(root.userId)).code).toBe('FORBIDDEN')
    expect((await suspend('usr_unknown')).code).toBe('NOT_FOUND')
    expect((await suspend("' OR 1=1")).code).toBe('NOT_FOUND')
  })

  it('is on record once, with who and what and no reason', async () => {
    const { userId } = await aMember(under.users, 'record@example.com')
    await suspend(userId)
    const records = await under.database.prisma.usersAuditRecord.findMany({
      where: { target: userId, action: 'account.suspend' },
    })
    expect(records.map(({ actorId, outcome, detail }) => ({ actorId, outcome, detail }))).toEqual([
      { actorId: root.userId, outcome: 'suspended', detail: {} },
    ])
  })
})

describe('restoring', () => {
  it('lifts a suspension and a lock; there is nothing else to lift', async () => {
    const { userId } = await aMember(under.users, 'lifted@example.com')
    await suspend(userId)
    expect(await restore(under.users, root, userId)).toBe('ok')
    expect(await recorded(under, userId)).toMatchObject({ active: true })
    const lock = {
      name: 'test_lock',
      text: `UPDATE users.accounts SET status = 'locked', grants_epoch = grants_epoch + 1 WHERE id = $1`,
    }
    await under.database.query(lock, [userId])
    expect(await restore(under.users, root, userId)).toBe('ok')
    expect(await restore(under.users, root, userId)).toBe('CONFLICT')
  })

  it.each([
    ['a lock', []],
    ['a suspension that hid a lock', [suspend]],
    ['a deletion that hid a suspension that hid a lock', [suspend, remove]],
  ] as const)('lifts %s, and not for whoever knows the password: only a reset leads in', async (_, acts) => {
    const email = `known-password-${acts.length}@example.com`
    const { userId } = await aMember(under.users, email)
    await under.database.prisma.account.update({ where: { id: userId }, data: { status: 'locked' } })
    for (const act of acts) expect((await act(userId)).code).toBeUndefined()
    expect(await restore(under.users, root, userId)).toBe('ok')
    expect(await recorded(under, userId)).toMatchObject({ active: true })
    expect(await outcomeOfPassword(email)).toMatchObject({ outcome: 'NO_MATCH' })
    await requestReset(under.users, email)
    expect(await reset(under.users, await resetTokenOf(under.users, email))).toEqual({ outcome: 'RESET' })
    expect(await signsIn(under.users, email, newPassword)).toBe(true)
  })

  it('is told to the person by mail, and so are suspensions and deletions, without the reason', async () => {
    const email = 'told@example.com'
    const { userId } = await aMember(under.users, email)
    await suspend(userId, { reason: 'a secret reason' })
    await suspend(userId, { reason: 'a secret reason', until: '2031-02-01T10:30:00Z' })
    await restore(under.users, root, userId)
    await remove(userId)
    const told = (await mailsTo(under.users, email, 5)).slice(1)
    expect(told.map(({ subject }) => subject)).toEqual([
      ...['Your account was suspended', 'Your account was suspended', 'Your account was restored'],
      'Your account was deleted',
    ])
    expect(told[1]?.text).toContain('until 2031-02-01 10:30 UTC')
    expect(JSON.stringify(told)).not.toContain('secret')
  })

  it('brings a deleted account back for 30 days and not a moment longer', async () => {
    const { userId } = await aMember(under.users, 'deleted@example.com')
    expect((await remove(userId)).given).toEqual({ user: { status: 'DELETED' } })
    expect(await recorded(under, userId)).toMatchObject({ active: false })
    expect((await remove(userId)).code).toBe('CONFLICT')
    expect((await suspend(userId)).code).toBe('CONFLICT')
    under.clock.advance(30 * 86_400_000 - 1)
    expect(await restore(under.users, root, userId)).toBe('ok')
    expect(await outcomeOfPassword('deleted@example.com')).toEqual({ outcome: 'MATCH', userId })
    await remove(userId)
    under.clock.advance(30 * 86_400_000)
    expect(await restore(under.users, root, userId)).toBe('CONFLICT')
  })

  it('of a deleted account says when it would have been erased, to administrators', async () => {
    const { userId } = await aMember(under.users, 'erase@example.com')
    const now = under.clock.now()
    await remove(userId)
    expect(await asked(root, userId, 'deletedAt eraseAt')).toEqual({
      deletedAt: now.toISOString(),
      eraseAt: new Date(now.getTime() + 30 * 86_400_000).toISOString(),
    })
  })
})

describe('a deletion by an administrator', () => {
  it('is not undone with the link of an earlier one by the person', async () => {
    const person = await aMember(under.users, 'comeback@example.com')
    await mutate(under.users, person, 'deleteMe', { email: 'comeback@example.com' })
    const mails = await mailsTo(under.users, 'comeback@example.com', 2)
    expect(mails.at(-1)?.text).toMatch(/undo-deletion.token=/)
    await restore(under.users, root, person.userId)
    await remove(person.userId)
    const undo = 'mutation ($token: String!) { undoDeletion(input: { token: $token }) { outcome } }'
    const { data } = await ask(under.users.subgraph, person, undo, { token: tokenIn(mails.at(-1)?.text) })
    expect(data).toEqual({ undoDeletion: { outcome: 'REFUSED' } })
    expect(await recorded(under, person.userId)).toMatchObject({ active: false })
  })
})

describe('who may be touched', () => {
  it('is nobody who permits more than the one who acts holds', async () => {
    const helper = await aMember(under.users, 'helper@example.com')
    await mutate(under.users, root, 'createRole', {
      name: 'support',
      description: 'x',
      scopes: ['users:read', 'users:write'],
    })
    await mutate(under.users, root, 'grantRole', { userId: helper.userId, role: 'support' })
    const support = await asNow(under, helper)
    const { code, error } = await suspend(root.userId, {}, support)
    expect([code, error?.message]).toEqual(['FORBIDDEN', expect.stringContaining('roles:write')])
    expect((await remove(root.userId, support)).code).toBe('FORBIDDEN')
    const { userId } = await aMember(under.users, 'ordinary@example.com')
    expect((await suspend(userId, {}, support)).code).toBeUndefined()
  })
})

describe('the last administrator', () => {
  it('stays: of two who act against each other exactly one succeeds, every time', async () => {
    const own = await startUsers()
    const other = own.replica()
    const one = await anAdministrator(own, 'one@example.com')
    const two = await anAdministrator(own, 'two@example.com')
    const acts = ['suspendUser', 'deleteUser', 'revokeRole'] as const
    for (let round = 0; round < 12; round++) {
      const act = acts[round % 3] ?? 'suspendUser'
      const input = (id: string) =>
        act === 'revokeRole' ? { userId: id, role: 'admin' } : act === 'suspendUser' ? { id, reason: 'x' } : { id }
      const codes = await Promise.all([
        mutate(own.users, one, act, input(two.userId)),
        mutate(other, two, act, input(one.userId)),
      ])
      expect(codes.map(({ code }) => code ?? 'ok').sort()).toEqual(['CONFLICT', 'ok'])
      expect(codes.find(({ code }) => code)?.error?.message).toMatch(/Give another account the role/)
      for (const [id, email] of [
        [one.userId, 'one@example.com'],
        [two.userId, 'two@example.com'],
      ] as const) {
        if (act === 'revokeRole') await own.users.grantRole(email, 'admin')
        else await restore(own.users, { ...one, userId: 'usr_other' }, id)
      }
    }
    await own.close()
  })

  it('stays too when one leaves while the other is suspended', async () => {
    const own = await startUsers()
    const one = await anAdministrator(own, 'one@example.com')
    const two = await anAdministrator(own, 'two@example.com')
    for (let round = 0; round < 6; round++) {
      const left = mutate(own.users, two, 'deleteMe', { email: 'two@example.com' })
      const suspended = mutate(own.replica(), two, 'suspendUser', { id: one.userId, reason: 'x' })
      const codes = (await Promise.all([left, suspended])).map(({ code }) => code ?? 'ok')
      expect(codes.sort()).toEqual(['CONFLICT', 'ok'])
      for (const { userId } of [one, two]) await restore(own.users, { ...one, userId: 'usr_other' }, userId)
    }
    await own.close()
  })

  it('stays too when one leaves while the role of the other ceases to administer', async () => {
    const own = await startUsers()
    const other = own.replica()
    const one = await anAdministrator(own, 'one@example.com')
    await mutate(own.users, one, 'createRole', { name: 'ops', description: 'x', includes: ['admin'] })
    const two = await aMember(own.users, 'two@example.com')
    await own.users.grantRole('two@example.com', 'ops')
    for (let round = 0; round < 8; round++) {
      const helper = await asNow(own, two)
      const left = mutate(own.users, one, 'deleteMe', { email: 'one@example.com' })
      const lessened = mutate(other, helper, 'updateRole', { name: 'ops', includes: [] })
      expect((await Promise.all([left, lessened])).map(({ code }) => code ?? 'ok').sort()).toEqual(['CONFLICT', 'ok'])
      await restore(own.users, { ...one, userId: 'usr_other' }, one.userId)
      await mutate(own.users, { ...one, userId: 'usr_other' }, 'updateRole', { name: 'ops', includes: ['admin'] })
    }
    await own.close()
  })

  it('is not an invitation that nobody has accepted', async () => {
    const own = await startUsers()
    const one = await anAdministrator(own, 'one@example.com')
    const made = await mutate(
      own.users,
      one,
      'createUser',
      { email: 'invited@example.com', displayName: 'In', roles: ['admin'] },
      'user { id }',
    )
    expect(made.code).toBeUndefined()
    expect((await mutate(own.users, one, 'revokeRole', { userId: one.userId, role: 'admin' })).code).toBe('CONFLICT')
    await own.close()
  })
})

describe('updateUser', () => {
  const update = (id: string, input: Record<string, unknown>, by = root) =>
    mutate(under.users, by, 'updateUser', { id, version: 1, ...input }, 'user { displayName externalId version }')

  it('changes what is given, once for each version, however many ask', async () => {
    const { userId } = await aMember(under.users, 'named@example.com')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        update(userId, { displayName: `Name ${index}`, externalId: `x-${index}` }),
      ),
    )
    expect(answers.filter(({ code }) => code === undefined)).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'CONFLICT')).toHaveLength(19)
    const won = answers.findIndex(({ code }) => code === undefined)
    expect(await asked(root, userId, 'displayName externalId version')).toEqual({
      displayName: `Name ${won}`,
      externalId: `x-${won}`,
      version: 2,
    })
  })

  it('replaces and takes away what administrators keep with the account, within its bounds', async () => {
    const { userId } = await aMember(under.users, 'kept@example.com')
    const note = { plan: 'gold', since: [2029] }
    expect((await update(userId, { adminMetadata: note })).code).toBeUndefined()
    expect(await asked(root, userId, 'adminMetadata version')).toEqual({ adminMetadata: note, version: 2 })
    expect((await update(userId, { displayName: 'Same note', version: 2 })).code).toBeUndefined()
    expect(await asked(root, userId, 'adminMetadata')).toEqual({ adminMetadata: note })
    expect((await update(userId, { adminMetadata: { stale: true }, version: 2 })).code).toBe('CONFLICT')
    for (const wrong of [[1], 'text', { long: 'x'.repeat(4_096) }]) {
      const { code, error } = await update(userId, { adminMetadata: wrong, version: 3 })
      expect([code, Object.keys((error?.extensions?.fields ?? {}) as object)]).toEqual([
        'BAD_USER_INPUT',
        ['input.adminMetadata'],
      ])
    }
    expect((await update(userId, { adminMetadata: null, version: 3 })).code).toBeUndefined()
    expect(await asked(root, userId, 'adminMetadata')).toEqual({ adminMetadata: null })
  })

  it('frees an external id that is taken away, and gives none to two accounts', async () => {
    const { userId: one } = await aMember(under.users, 'ext1@example.com')
    const { userId: two } = await aMember(under.users, 'ext2@example.com')
    expect((await update(one, { externalId: 'shared' })).code).toBeUndefined()
    expect((await update(two, { externalId: 'shared' })).error?.message).toMatch(/external id/)
    expect((await update(one, { externalId: null, version: 2 })).given).toEqual({
      user: { displayName: 'Ada', externalId: null, version: 3 },
    })
    expect((await update(two, { externalId: 'shared' })).code).toBeUndefined()
    expect((await update(two, { externalId: 'shared', displayName: 'Same', version: 2 })).code).toBeUndefined()
  })

  it('names every wrong field, and takes no other', async () => {
    const { userId } = await aMember(under.users, 'fields@example.com')
    const { error } = await update(userId, { displayName: '', externalId: 'a\u0000' })
    expect(Object.keys((error?.extensions?.fields ?? {}) as object)).toEqual(['input.displayName', 'input.externalId'])
    const smuggled = await ask(
      under.users.subgraph,
      root,
      'mutation ($id: ID!) { updateUser(input: { id: $id, version: 1, status: "active" }) { user { id } } }',
      { id: userId },
    )
    expect(smuggled.errors?.[0]?.message).toMatch(/status/)
  })
})
