import { setTimeout as pause } from 'node:timers/promises'
import { hourMs } from '@latchkey/clock'
import { anonymous, type Principal } from '@latchkey/principal'
import { isActiveAt } from '@latchkey/principal/credential-records'
import { aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grantsOf } from '../administration/administration.fixture.ts'
import { check, field, mailsTo, register, startUsers, tokenIn, type UsersUnderTest } from '../application.fixture.ts'
import {
  aChallenge,
  checkFactor,
  checkPasskey,
  codeOf,
  factorsOf,
  passkeyOptions,
  withPasskey,
  withTotp,
} from '../second-factors/factors.fixture.ts'
import { admitsUnconfirmedSince, opensAtOnce } from './policy.ts'

const mine = 'my own long passphrase'
const strangers = 'a stranger was here first'
const now = new Date('2030-01-02T00:00:00Z')

describe('the policy', () => {
  it.each([
    [{ kind: 'required' }, null, false],
    [{ kind: 'grace', graceMs: hourMs }, new Date('2030-01-01T23:00:00Z'), true],
    [{ kind: 'off' }, new Date(0), true],
  ] as const)('%j admits unconfirmed accounts since %s', (policy, since, opens) => {
    expect(admitsUnconfirmedSince(policy, now)).toEqual(since)
    expect(opensAtOnce(policy)).toBe(opens)
  })
})

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers({ emailVerification: { kind: 'grace', graceMs: 24 * hourMs } })
})
afterAll(() => under.close())

interface Checked {
  readonly outcome: string
  readonly userId: string
}

const signIn = async (email: string, password: string) =>
  field<Checked>((await check(under.users, email, password)).data, 'checkPassword')

const verifyWith = async (input: object, principal: Principal = anonymous) => {
  const mutation = 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { outcome } }'
  const { data } = await ask(under.users.subgraph, principal, mutation, { input })
  return field<{ outcome: string }>(data, 'verifyEmail').outcome
}

const isVerified = async (userId: string) => {
  const { data } = await ask(under.users.subgraph, aUser({ userId }), '{ me { emailVerified } }')
  return field<{ emailVerified: boolean | null }>(data, 'me').emailVerified
}

const newestToken = async (email: string, count: number) =>
  tokenIn((await mailsTo(under.users, email, count)).at(-1)?.text)

describe('within the grace', () => {
  it('an account opens at once, signs in, and says that its address is not confirmed', async () => {
    await register(under.users, 'early@example.com', { password: mine })
    const { outcome, userId } = await signIn('early@example.com', mine)
    expect(outcome).toBe('MATCH')
    expect(await isVerified(userId)).toBe(false)
  })

  it('it is confirmed by who opened it, signed in or by password, and by nobody else who has the link', async () => {
    await register(under.users, 'confirmed@example.com', { password: mine })
    const { userId } = await signIn('confirmed@example.com', mine)
    const token = await newestToken('confirmed@example.com', 1)
    expect(await verifyWith({ token })).toBe('REFUSED')
    expect(await verifyWith({ token, password: 'not the password' })).toBe('REFUSED')
    expect(await verifyWith({ token }, aUser({ userId: 'usr_another' }))).toBe('REFUSED')
    expect(await verifyWith({ token }, aUser({ userId }))).toBe('VERIFIED')
    expect(await isVerified(userId)).toBe(true)
    await register(under.users, 'by-password@example.com', { password: mine })
    const other = await newestToken('by-password@example.com', 1)
    expect(await verifyWith({ token: other, password: mine })).toBe('VERIFIED')
    expect(await verifyWith({ token: other, password: mine })).toBe('REFUSED')
  })

  it('a password beside the link has five tries, however many are made at once', async () => {
    await register(under.users, 'guessed@example.com', { password: mine })
    const token = await newestToken('guessed@example.com', 1)
    await Promise.all(Array.from({ length: 40 }, (_, n) => verifyWith({ token, password: `wrong guess ${n}` })))
    expect(await verifyWith({ token, password: mine })).toBe('REFUSED')
  })

  it('it is kept as it is when its own address is registered again, and the answer is alike', async () => {
    const first = await register(under.users, 'again@example.com', { password: mine })
    const second = await register(under.users, 'again@example.com', { password: strangers })
    expect(second).toEqual(first)
    expect(await signIn('again@example.com', mine)).toMatchObject({ outcome: 'MATCH' })
    expect(await signIn('again@example.com', strangers)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('of many who register one address at once, one opens the account', async () => {
    const other = under.replica()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        register(n % 2 ? under.users : other, 'many@example.com', { password: `${mine} ${n}` }),
      ),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    const outcomes = []
    for (let n = 0; n < 20; n += 1) outcomes.push((await signIn('many@example.com', `${mine} ${n}`)).outcome)
    expect(outcomes.filter((outcome) => outcome === 'MATCH')).toHaveLength(1)
  })
})

describe('a stranger who was there first', () => {
  it('loses the account when the owner registers and confirms: password, sessions and address', async () => {
    const email = 'hijacked@example.com'
    await register(under.users, email, { password: strangers })
    const squatter = await signIn(email, strangers)
    await register(under.users, email, { password: mine })
    const token = await newestToken(email, 2)
    // The stranger cannot be helped by the owner's click alone; nor does it harm who is in.
    expect(await verifyWith({ token })).toBe('REFUSED')
    expect(await verifyWith({ token, password: mine })).toBe('VERIFIED')
    const owner = await signIn(email, mine)
    expect(owner.outcome).toBe('MATCH')
    expect(owner.userId).not.toBe(squatter.userId)
    expect(await signIn(email, strangers)).toMatchObject({ outcome: 'NO_MATCH' })
    expect((await under.records.session('ses_any', squatter.userId)).grants).toMatchObject({ active: false })
    const left = {
      name: 'test_squatter',
      text: `SELECT status, erase_at <= $2 AS due, (SELECT count(*)::int FROM users.identifiers WHERE account_id = a.id) AS found
             FROM users.accounts a WHERE id = $1`,
    }
    const rows = await under.database.query(left, [squatter.userId, under.clock.now()])
    expect(rows).toEqual([{ status: 'deleted', due: true, found: 0 }])
  })

  it('does not take an account that is in use by a mail that its owner is led to open', async () => {
    const email = 'led@example.com'
    await register(under.users, email, { password: mine })
    await register(under.users, email, { password: strangers })
    expect(await verifyWith({ token: await newestToken(email, 2) })).toBe('REFUSED')
    expect(await signIn(email, mine)).toMatchObject({ outcome: 'MATCH' })
  })

  it('is not told that they confirmed an account whose address was taken while they waited', async () => {
    const email = 'waited@example.com'
    await register(under.users, email, { password: strangers })
    const { userId } = await signIn(email, strangers)
    const token = await newestToken(email, 1)
    const confirming = await under.database.prisma.$transaction(async (transaction) => {
      await transaction.$executeRaw`UPDATE users.accounts SET status = 'deleted', deleted_at = now(), erase_at = now()
        WHERE id = ${userId}`
      const waiting = verifyWith({ token, password: strangers })
      await pause(100)
      return { waiting }
    })
    expect(await confirming.waiting).toBe('REFUSED')
  })

  it('has one winner when both confirm at once', async () => {
    const email = 'both@example.com'
    await register(under.users, email, { password: strangers })
    await register(under.users, email, { password: mine })
    const mails = await mailsTo(under.users, email, 2)
    const [theirs, owners] = mails.map(({ text }) => tokenIn(text))
    const uses = Array.from({ length: 4 }, () => [
      verifyWith({ token: theirs, password: strangers }),
      verifyWith({ token: owners, password: mine }),
    ]).flat()
    expect((await Promise.all(uses)).filter((outcome) => outcome === 'VERIFIED')).toHaveLength(1)
    const outcomes = [(await signIn(email, mine)).outcome, (await signIn(email, strangers)).outcome]
    expect(outcomes.sort()).toEqual(['MATCH', 'NO_MATCH'])
  })
})

describe('second factors within the grace', () => {
  const asPerson = (userId: string) => ({ ...aUser({ userId }), authTime: under.clock.now().getTime() / 1_000 })
  const passkeySignIn = async (authenticator: Awaited<ReturnType<typeof withPasskey>>['authenticator']) =>
    checkPasskey(under.users, aChallenge(), authenticator.get(await passkeyOptions(under.users, aChallenge())))

  it('let in whoever enrolled them, as the password does, and no longer than that', async () => {
    await register(under.users, 'factors@example.com', { password: mine })
    const { userId } = await signIn('factors@example.com', mine)
    const { secret } = await withTotp(under.users, asPerson(userId), under.clock.now())
    const { authenticator } = await withPasskey(under.users, asPerson(userId))
    const totp = codeOf(secret, under.clock.now())
    expect(await checkFactor(under.users, userId, { totp })).toMatchObject({ outcome: 'MATCH' })
    expect(await passkeySignIn(authenticator)).toMatchObject({ outcome: 'MATCH' })
    under.clock.advance(24 * hourMs)
    expect(await passkeySignIn(authenticator)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('come back to nobody by the undo of a change of address, where the old one was never confirmed', async () => {
    const email = 'left-behind@example.com'
    await register(under.users, email, { password: strangers })
    const { userId } = await signIn(email, strangers)
    await withPasskey(under.users, asPerson(userId))
    const asking = 'mutation ($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { outcome } }'
    const newEmail = 'strangers-own@example.com'
    await ask(under.users.subgraph, asPerson(userId), asking, { input: { newEmail } })
    const confirming = 'mutation ($input: ConfirmEmailChangeInput!) { confirmEmailChange(input: $input) { outcome } }'
    const input = { token: await newestToken(newEmail, 1) }
    const { data } = await ask(under.users.subgraph, anonymous, confirming, { input })
    expect(data).toEqual({ confirmEmailChange: { outcome: 'CHANGED' } })
    const where = { subjectId: userId, purpose: 'undo-email-change' }
    expect(await under.database.prisma.oneTimeToken.count({ where })).toBe(0)
  })

  it('of a stranger who was there first are gone when the owner of the mailbox resets the password', async () => {
    const email = 'prepared@example.com'
    await register(under.users, email, { password: strangers })
    const { userId } = await signIn(email, strangers)
    const { authenticator } = await withPasskey(under.users, asPerson(userId))
    const request = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { outcome } }'
    await ask(under.users.subgraph, anonymous, request, { input: { email } })
    const token = await newestToken(email, 3)
    const reset = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { outcome } }'
    const { data } = await ask(under.users.subgraph, anonymous, reset, { input: { token, newPassword: mine } })
    expect(data).toEqual({ resetPassword: { outcome: 'RESET' } })
    expect(await passkeySignIn(authenticator)).toMatchObject({ outcome: 'NO_MATCH' })
    const left = { passkeys: [], secondFactors: [], recoveryCodesLeft: 0 }
    expect(await factorsOf(under.users, asPerson(userId))).toEqual(left)
  })
})

describe('after the grace', () => {
  it('nothing that speaks for an unconfirmed account is good any more, unless its address was confirmed', async () => {
    const openedAt = under.clock.now().getTime()
    const email = 'late-session@example.com'
    await register(under.users, email, { password: mine })
    const { userId } = await signIn(email, mine)
    await grantsOf(under.users, userId)
    const actsAt = async (afterMs: number) =>
      isActiveAt((await under.records.grants(userId)) ?? expect.fail(), openedAt + afterMs)
    expect([await actsAt(24 * hourMs - 1), await actsAt(24 * hourMs)]).toEqual([true, false])
    expect(await verifyWith({ token: await newestToken(email, 1), password: mine })).toBe('VERIFIED')
    expect(await actsAt(10_000 * hourMs)).toBe(true)
  })

  it('an unconfirmed account is refused like a wrong password, and a new link lets it in again', async () => {
    const email = 'late@example.com'
    await register(under.users, email, { password: mine })
    under.clock.advance(24 * hourMs - 1)
    expect(await signIn(email, mine)).toMatchObject({ outcome: 'MATCH' })
    under.clock.advance(1)
    expect(await signIn(email, mine)).toEqual(await signIn(email, 'a wrong passphrase'))
    await under.replica().close()
    const mutation = 'mutation ($input: ResendVerificationInput!) { resendVerification(input: $input) { outcome } }'
    await ask(under.users.subgraph, anonymous, mutation, { input: { email } })
    const token = await newestToken(email, 2)
    expect(await verifyWith({ token, password: mine })).toBe('VERIFIED')
    expect(await signIn(email, mine)).toMatchObject({ outcome: 'MATCH' })
  })
})

describe('without a policy', () => {
  it('an unconfirmed account signs in for ever', async () => {
    const off = under.replica({ emailVerification: { kind: 'off' } })
    await register(off, 'ever@example.com', { password: mine })
    under.clock.advance(1_000 * hourMs)
    expect((await check(off, 'ever@example.com', mine)).data).toMatchObject({ checkPassword: { outcome: 'MATCH' } })
    expect(await signIn('ever@example.com', mine)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('and where it is required nobody is let in who was let in before', async () => {
    const required = under.replica({ emailVerification: { kind: 'required' } })
    await register(under.users, 'switched@example.com', { password: mine })
    expect((await check(required, 'switched@example.com', mine)).data).toMatchObject({
      checkPassword: { outcome: 'NO_MATCH' },
    })
  })
})
