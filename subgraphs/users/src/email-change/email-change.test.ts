import { hourMs, minuteMs } from '@latchkey/clock'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  field,
  mailsTo,
  register,
  startUsers,
  tokenIn,
  type UsersUnderTest,
  until,
  verify,
} from '../application.fixture.ts'
import { aChallenge, checkPasskey, factorsOf, passkeyOptions, withPasskey } from '../second-factors/factors.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'

let under: UsersUnderTest
let other: UsersApplication
beforeAll(async () => {
  under = await startUsers()
  other = under.replica()
})
afterAll(() => under.close())

const run = async (name: string, input: object, principal: Principal = anonymous, users = under.users) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  const { data, errors } = await ask(
    users.subgraph,
    principal,
    `mutation ($input: ${type}!) { ${name}(input: $input) { outcome } }`,
    { input },
  )
  return errors?.[0]?.extensions ?? field<{ outcome: string }>(data, name).outcome
}

const fresh = (principal: UserPrincipal): UserPrincipal => ({
  ...principal,
  authTime: under.clock.now().getTime() / 1_000,
})
const request = (who: UserPrincipal, newEmail: string) => run('requestEmailChange', { newEmail }, fresh(who))
const newest = async (address: string, count = 1) => (await mailsTo(under.users, address, count)).at(-1)
const tokenTo = async (address: string, count = 1) => tokenIn((await newest(address, count))?.text)
const me = async (who: Principal) => {
  const { data } = await ask(under.users.subgraph, who, '{ me { email emailVerified } }')
  return field<{ email: string; emailVerified: boolean }>(data, 'me')
}
const signIn = async (email: string) =>
  field<{ outcome: string; userId: string | null }>(
    (await check(under.users, email, 'correct horse battery staple')).data,
    'checkPassword',
  )

const tables = [
  'accounts',
  'registrations',
  'one_time_tokens',
  'outbox',
  'audit_records',
  'mail_allowances',
  'identifiers',
]
async function traceOf(action: () => Promise<unknown>) {
  const counts = async () => {
    const rows = tables.map((table) => `(SELECT count(*)::int FROM users.${table}) AS ${table}`)
    const text = `SELECT ${rows.join(', ')}`
    return (await under.database.query<Record<string, number>>({ name: 'test_change_counts', text }, []))[0] ?? {}
  }
  const before = await counts()
  const start = under.database.asked.length
  const answer = await action()
  const asked = under.database.asked.slice(start).filter((name) => !/^users_(outbox|mail_delivered)/.test(name))
  const after = await counts()
  return { answer, asked, grown: tables.map((table) => (after[table] ?? 0) - (before[table] ?? 0)) }
}

/** A member whose address was changed, with both addresses and the token that undoes it. */
async function aMoved(name: string) {
  const [from, to] = [`${name}@example.com`, `${name}@new.example.com`]
  const who = await aMember(under.users, from)
  await request(who, to)
  expect(await run('confirmEmailChange', { token: await tokenTo(to) })).toBe('CHANGED')
  return { who, from, to, undo: await tokenTo(from, 3) }
}

describe('requestEmailChange', () => {
  it('changes nothing until it is confirmed', async () => {
    const who = await aMember(under.users, 'still@example.com')
    expect(await request(who, 'Other@Example.com')).toBe('CHECK_YOUR_MAIL')
    expect(await newest('other@example.com')).toMatchObject({
      to: 'Other@Example.com',
      subject: 'Confirm your new address',
    })
    expect((await me(who)).email).toBe('still@example.com')
    expect(await signIn('other@example.com')).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('answers, asks and writes the same for a free and a taken address, and tells the owner of the taken one', async () => {
    const who = await aMember(under.users, 'asking@example.com')
    await aMember(under.users, 'taken@example.com')
    under.clock.advance(24 * hourMs)
    await run('requestEmailChange', { newEmail: 'warm@example.com' }, fresh(who))
    const free = await traceOf(() => request(who, 'free@example.com'))
    const taken = await traceOf(() => request(who, 'taken@example.com'))
    expect(free.answer).toBe('CHECK_YOUR_MAIL')
    // The free one has no row that counts its mails yet.
    expect(free.grown).toEqual([0, 0, 2, 2, 1, 1, 0])
    expect(taken).toEqual({ ...free, grown: [0, 0, 2, 2, 1, 0, 0] })
    const notice = await newest('taken@example.com', 2)
    expect(notice?.subject).toBe('Your address is in use already')
    expect(tokenIn(notice?.text)).toBe('')
  })

  it('is for a person who has just signed in: no key, no service, no old session', async () => {
    const who = await aMember(under.users, 'old@example.com')
    const newEmail = 'newer@example.com'
    const stale = { ...who, authTime: (under.clock.now().getTime() - 10 * minuteMs - 1_000) / 1_000 }
    const everything = ['profile:read', 'profile:write', 'users:write']
    expect(await run('requestEmailChange', { newEmail }, stale)).toMatchObject({ code: 'STEP_UP_REQUIRED' })
    expect(await run('requestEmailChange', { newEmail })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const key = anApiKey({ ownerId: who.userId, scopes: everything })
    expect(await run('requestEmailChange', { newEmail }, key)).toMatchObject({ code: 'FORBIDDEN' })
    const service = aService('sessions', everything)
    expect(await run('requestEmailChange', { newEmail }, service)).toMatchObject({ code: 'FORBIDDEN' })
  })

  it.each([
    ['nobody', 'must be an email address'],
    ['SELF@example.com', 'is your address already'],
    ['a@example.com\r\nBcc: eve@example.com', 'must be an email address'],
  ])('refuses %j', async (newEmail, fault) => {
    const who = await aMember(under.users, 'self@example.com')
    expect(await request(who, newEmail)).toEqual({ code: 'BAD_USER_INPUT', fields: { 'input.newEmail': fault } })
  })

  it('makes the earlier request void', async () => {
    const who = await aMember(under.users, 'twice@example.com')
    await request(who, 'first@example.com')
    await request(who, 'second@example.com')
    expect(await run('confirmEmailChange', { token: await tokenTo('first@example.com') })).toBe('REFUSED')
    expect(await run('confirmEmailChange', { token: await tokenTo('second@example.com') })).toBe('CHANGED')
  })

  it('shares the allowance of the recipient with registering, exactly', async () => {
    const who = await aMember(under.users, 'bomber@example.com')
    const email = 'target@example.com'
    await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? request(who, email) : register(other, email))))
    const kept = { name: 'test_sent', text: `SELECT max(cardinality(sent_at))::int AS most FROM users.mail_allowances` }
    expect(await under.database.query(kept, [])).toEqual([{ most: 3 }])
  })
})

describe('confirmEmailChange', () => {
  it('moves the account: it signs in with the new address alone, and the old one is told', async () => {
    const { who, from, to } = await aMoved('moved')
    expect(await me(who)).toEqual({ email: to, emailVerified: true })
    expect(await signIn(to)).toMatchObject({ outcome: 'MATCH', userId: who.userId })
    expect(await signIn(from)).toMatchObject({ outcome: 'NO_MATCH' })
    expect((await newest(from, 3))?.subject).toBe('Your address was changed')
    // The old address is free again.
    expect((await aMember(under.users, from)).userId).not.toBe(who.userId)
  })

  it('ends the other sessions, and keeps the one that confirms', async () => {
    const who = await aMember(under.users, 'kept@example.com')
    await request(who, 'kept@new.example.com')
    const token = await tokenTo('kept@new.example.com')
    const before = (await under.records.session('x', who.userId)).grants
    expect(await run('confirmEmailChange', { token }, who)).toBe('CHANGED')
    const { grants } = await under.records.session('x', who.userId)
    expect(grants?.sessionEpoch).toBe((before?.sessionEpoch ?? 0) + 1)
    expect(grants?.sessionKept).toBe(who.sessionId)
  })

  it('keeps no session of somebody else who holds the link', async () => {
    const who = await aMember(under.users, 'victim@example.com')
    const eve = await aMember(under.users, 'eve@example.com')
    await request(who, 'victim@new.example.com')
    expect(await run('confirmEmailChange', { token: await tokenTo('victim@new.example.com') }, eve)).toBe('CHANGED')
    expect((await under.records.session('x', who.userId)).grants?.sessionKept).toBeNull()
  })

  it('has exactly one winner among 200 uses at once, on two replicas', async () => {
    const who = await aMember(under.users, 'race@example.com')
    await request(who, 'race@new.example.com')
    const token = await tokenTo('race@new.example.com')
    const uses = Array.from({ length: 200 }, (_, n) =>
      run('confirmEmailChange', { token }, anonymous, n % 2 ? under.users : other),
    )
    const outcomes = await Promise.all(uses)
    expect(outcomes.filter((outcome) => outcome === 'CHANGED')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'REFUSED')).toHaveLength(199)
  })

  it('is refused when the address became an account in the meantime', async () => {
    const who = await aMember(under.users, 'slow@example.com')
    await request(who, 'contested@example.com')
    const token = await tokenTo('contested@example.com')
    await register(under.users, 'contested@example.com')
    await verify(under.users, await tokenTo('contested@example.com', 2))
    const owner = await signIn('contested@example.com')
    expect(await run('confirmEmailChange', { token })).toBe('REFUSED')
    expect((await me(who)).email).toBe('slow@example.com')
    expect(await signIn('contested@example.com')).toMatchObject({ userId: owner.userId })
  })

  it('has one winner when two accounts confirm one address, and a registration of it too', async () => {
    const email = 'wanted@example.com'
    const [one, two] = [await aMember(under.users, 'one@example.com'), await aMember(under.users, 'two@example.com')]
    await request(one, email)
    const first = await tokenTo(email)
    await request(two, email)
    const second = await tokenTo(email, 2)
    await register(under.users, email)
    const third = await tokenTo(email, 3)
    const outcomes = await Promise.all([
      run('confirmEmailChange', { token: first }),
      run('confirmEmailChange', { token: second }, anonymous, other),
      run('verifyEmail', { token: third }),
    ])
    expect(outcomes.filter((outcome) => outcome !== 'REFUSED')).toHaveLength(1)
    const held = {
      name: 'test_held',
      text: `SELECT count(*)::int AS holders FROM users.identifiers i JOIN users.accounts a ON a.id = i.account_id
             WHERE NOT EXISTS (SELECT FROM users.data_keys k WHERE k.account_id = a.id)`,
    }
    expect(await under.database.query(held, [])).toEqual([{ holders: 0 }])
  })

  it('takes a link for 24 hours, and no token of another purpose', async () => {
    const who = await aMember(under.users, 'late@example.com')
    await request(who, 'late@new.example.com')
    const token = await tokenTo('late@new.example.com')
    await register(under.users, 'purpose@example.com')
    const verification = await tokenTo('purpose@example.com')
    for (const name of ['undoEmailChange', 'reportNotMe', 'verifyEmail'])
      expect(await run(name, { token })).toBe('REFUSED')
    for (const name of ['confirmEmailChange', 'undoEmailChange', 'reportNotMe'])
      expect(await run(name, { token: verification })).toBe('REFUSED')
    for (const text of ['', 'x', 'A'.repeat(43), '\u0000'.repeat(43)])
      expect(await run('confirmEmailChange', { token: text })).toBe('REFUSED')
    under.clock.advance(24 * hourMs)
    expect(await run('confirmEmailChange', { token })).toBe('REFUSED')
  })

  it('is refused when the password was changed or reset after it was asked for', async () => {
    for (const way of ['changed', 'reset'] as const) {
      const [email, newEmail] = [`${way}@example.com`, `${way}@new.example.com`]
      const who = await aMember(under.users, email)
      await request(who, newEmail)
      const newPassword = 'another quite unusual passphrase'
      const currentPassword = 'correct horse battery staple'
      if (way === 'changed')
        expect(await run('changePassword', { currentPassword, newPassword }, fresh(who))).toBe('CHANGED')
      else {
        await run('requestPasswordReset', { email })
        expect(await run('resetPassword', { token: await tokenTo(email, 3), newPassword })).toBe('RESET')
      }
      expect(await run('confirmEmailChange', { token: await tokenTo(newEmail) })).toBe('REFUSED')
    }
  })

  it('is refused for an account that is not active', async () => {
    const who = await aMember(under.users, 'suspended@example.com')
    await request(who, 'suspended@new.example.com')
    const suspend = { name: 'test_suspend', text: `UPDATE users.accounts SET status = 'suspended' WHERE id = $1` }
    await under.database.query(suspend, [who.userId])
    expect(await run('confirmEmailChange', { token: await tokenTo('suspended@new.example.com') })).toBe('REFUSED')
  })

  it('leaves no address readable in the database', async () => {
    await aMoved('grace.hopper')
    const all = ['accounts', 'identifiers', 'one_time_tokens', 'outbox', 'audit_records', 'mail_allowances']
    for (const table of all) {
      const rows = await under.database.query(
        { name: `dump_${table}`, text: `SELECT to_jsonb(t)::text AS row FROM users.${table} t` },
        [],
      )
      expect(JSON.stringify(rows)).not.toContain('grace.hopper')
    }
  })
})

describe('undoEmailChange', () => {
  it('puts the address back, ends every session, locks the account, and tells both', async () => {
    const { who, from, to, undo } = await aMoved('undone')
    expect(await run('undoEmailChange', { token: undo })).toBe('UNDONE')
    expect((await me(who)).email).toBe(from)
    expect(await signIn(from)).toEqual({ outcome: 'NO_MATCH', userId: null })
    expect((await under.records.session('x', who.userId)).grants).toMatchObject({ active: false, sessionKept: null })
    const back = await newest(from, 4)
    expect(back?.subject).toBe('Your address was put back')
    expect(back?.text).toMatch(/\/reset-password\?token=[\w-]{43}\n/)
    await until(async () => (await newest(to, 2)) !== undefined)
    expect((await newest(to, 2))?.subject).toBe('This address no longer belongs to the account')
    expect(tokenIn((await newest(to, 2))?.text)).toBe('')
  })

  it('has exactly one winner among 200 uses at once, on two replicas', async () => {
    const { undo } = await aMoved('undo-race')
    const uses = Array.from({ length: 200 }, (_, n) =>
      run('undoEmailChange', { token: undo }, anonymous, n % 2 ? under.users : other),
    )
    const outcomes = await Promise.all(uses)
    expect(outcomes.filter((outcome) => outcome === 'UNDONE')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'REFUSED')).toHaveLength(199)
  })

  it('is locked until the mailed link has set a new password', async () => {
    const { from, undo } = await aMoved('back-in')
    await run('undoEmailChange', { token: undo })
    const newPassword = 'another quite unusual passphrase'
    expect(await run('resetPassword', { token: await tokenTo(from, 4), newPassword })).toBe('RESET')
    expect((await check(under.users, from, newPassword)).data).toMatchObject({ checkPassword: { outcome: 'MATCH' } })
    expect(await signIn(from)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('takes back the factors that were added since the change', async () => {
    const { who, undo } = await aMoved('thiefs-passkey')
    const { authenticator } = await withPasskey(under.users, fresh(who))
    await run('undoEmailChange', { token: undo })
    await under.database.prisma.account.update({ where: { id: who.userId }, data: { status: 'active' } })
    const options = await passkeyOptions(under.users, aChallenge())
    const answer = await checkPasskey(under.users, aChallenge(), authenticator.get(options))
    expect(answer).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await factorsOf(under.users, who)).toMatchObject({ passkeys: [], secondFactors: [], recoveryCodesLeft: 0 })
  })

  it('brings back an account that was deleted with the new address; not one that an administrator deleted', async () => {
    const [own, theirs] = [await aMoved('deleted'), await aMoved('removed')]
    await ask(
      under.users.subgraph,
      fresh(own.who),
      'mutation ($i: DeleteMeInput!) { deleteMe(input: $i) { eraseAt } }',
      {
        i: { email: own.to },
      },
    )
    await under.database.prisma.account.update({
      where: { id: theirs.who.userId },
      data: { status: 'deleted', eraseAt: new Date(under.clock.now().getTime() + hourMs), suspendedBy: 'usr_admin' },
    })
    expect(await run('undoEmailChange', { token: theirs.undo })).toBe('REFUSED')
    expect(await run('undoEmailChange', { token: own.undo })).toBe('UNDONE')
    const { status, eraseAt } = await under.database.prisma.account.findUniqueOrThrow({ where: { id: own.who.userId } })
    expect({ status, eraseAt }).toEqual({ status: 'locked', eraseAt: null })
    const deletion = (await mailsTo(under.users, own.to)).find(({ text }) => text.includes('/undo-deletion'))
    expect(await run('undoDeletion', { token: tokenIn(deletion?.text) })).toBe('REFUSED')
    const newPassword = 'another quite unusual passphrase'
    expect(await run('resetPassword', { token: await tokenTo(own.from, 4), newPassword })).toBe('RESET')
  })

  it('leaves no password to an account that is suspended: the end of the suspension lets nobody in', async () => {
    const { who, from, undo } = await aMoved('suspended-meanwhile')
    const standing = async (status: string) =>
      under.database.prisma.account.update({ where: { id: who.userId }, data: { status } })
    await standing('suspended')
    expect(await run('undoEmailChange', { token: undo })).toBe('UNDONE')
    await standing('active')
    under.clock.advance(1)
    expect(await signIn(from)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await run('requestPasswordReset', { email: from })).toBe('CHECK_YOUR_MAIL')
    const newPassword = 'another quite unusual passphrase'
    expect(await run('resetPassword', { token: await tokenTo(from, 5), newPassword })).toBe('RESET')
    expect((await check(under.users, from, newPassword)).data).toMatchObject({ checkPassword: { outcome: 'MATCH' } })
  })

  it('works for 72 hours', async () => {
    const [soon, late] = [await aMoved('soon'), await aMoved('late-undo')]
    under.clock.advance(72 * hourMs - 10_000)
    expect(await run('undoEmailChange', { token: soon.undo })).toBe('UNDONE')
    under.clock.advance(10_000)
    expect(await run('undoEmailChange', { token: late.undo })).toBe('REFUSED')
  })

  it('leads back to the first address, however often a thief moved the account on', async () => {
    const { who, from, to, undo } = await aMoved('chain')
    under.clock.advance(minuteMs)
    await request(who, 'chain@third.example.com')
    expect(await run('confirmEmailChange', { token: await tokenTo('chain@third.example.com') })).toBe('CHANGED')
    const thiefs = await tokenTo(to, 3)
    expect(await run('undoEmailChange', { token: thiefs })).toBe('UNDONE')
    expect((await me(who)).email).toBe(to)
    expect(await run('undoEmailChange', { token: undo })).toBe('UNDONE')
    expect((await me(who)).email).toBe(from)
    expect(await run('undoEmailChange', { token: thiefs })).toBe('REFUSED')
  })

  it('leaves no link of the thief alive: neither to another address nor to a new password', async () => {
    const { who, undo } = await aMoved('voided')
    await request(who, 'voided@third.example.com')
    const onwards = await tokenTo('voided@third.example.com')
    expect(await run('undoEmailChange', { token: undo })).toBe('UNDONE')
    const unlock = { name: 'test_unlock', text: `UPDATE users.accounts SET status = 'active' WHERE id = $1` }
    await under.database.query(unlock, [who.userId])
    expect(await run('confirmEmailChange', { token: onwards })).toBe('REFUSED')
  })

  it('is refused when somebody else confirmed the old address meanwhile', async () => {
    const { who, from, to, undo } = await aMoved('given-up')
    await register(under.users, from)
    await verify(under.users, await tokenTo(from, 4))
    expect(await run('undoEmailChange', { token: undo })).toBe('REFUSED')
    expect((await me(who)).email).toBe(to)
  })
})
