import { hourMs, systemEntropy } from '@latchkey/clock'
import { anonymous, type Principal } from '@latchkey/principal'
import { createKeyring } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, check, field, mailsTo, startUsers, tokenIn, type UsersUnderTest } from '../application.fixture.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import {
  aChallenge,
  checkPasskey,
  factorsOf,
  passkeyOptions,
  withPasskey,
  withTotp,
} from '../second-factors/factors.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'
import { createTools } from '../tools.ts'
import type { NoticeKind } from './notice.ts'

let under: UsersUnderTest
let other: UsersApplication
beforeAll(async () => {
  under = await startUsers()
  other = under.replica()
})
afterAll(() => under.close())

/** Brings about a notice as a feature does: by the statement of a change. */
async function notify(kind: NoticeKind, accountId: string): Promise<void> {
  const { database, records, clock, material } = under
  const tools = createTools({
    auditKeptDays: 400,
    ...{ database, records, clock, entropy: systemEntropy, logger: silentLogger, mailer: 'undelivered' },
    keyring: createKeyring(material, systemEntropy),
    hashing: { parallel: 1, queueMax: 1 },
    dataHolders: {},
    publicUrl: 'http://localhost:4000',
  })
  const contact = (await tools.contacts.of(accountId)) ?? expect.fail()
  const text = `WITH change AS (SELECT), ${writeConsequences('$1', 'change')} SELECT FROM change`
  await database.query({ name: 'test_notify', text }, [
    consequencesJson(consequencesOf(tools.notices.about(kind, contact))),
  ])
}

const report = async (token: string, principal: Principal = anonymous, users = under.users) => {
  const mutation = 'mutation ($input: ReportNotMeInput!) { reportNotMe(input: $input) { outcome } }'
  const { data } = await ask(users.subgraph, principal, mutation, { input: { token } })
  return field<{ outcome: string }>(data, 'reportNotMe').outcome
}

const signIn = async (email: string) =>
  field<{ outcome: string }>((await check(under.users, email, 'correct horse battery staple')).data, 'checkPassword')
    .outcome

/** A member who was told that the password was changed. */
async function aNotified(email: string) {
  const { userId } = await aMember(under.users, email)
  await notify('password-changed', userId)
  const mail = (await mailsTo(under.users, email, 2)).at(-1)
  return { email, userId, mail, token: tokenIn(mail?.text) }
}

const statusOf = async (userId: string) => {
  const status = { name: 'test_status', text: 'SELECT status FROM users.accounts WHERE id = $1' }
  return (await under.database.query<{ status: string }>(status, [userId]))[0]?.status
}
const setStatus = (userId: string, status: string) =>
  under.database.query({ name: 'test_set_status', text: 'UPDATE users.accounts SET status = $2 WHERE id = $1' }, [
    userId,
    status,
  ])

describe('reportNotMe', () => {
  it('ends every session, locks the account, and mails how to get back in', async () => {
    const { email, userId, mail, token } = await aNotified('ada@example.com')
    expect(mail?.text).toContain(`/not-me?token=${token}`)
    const before = (await under.records.session('x', userId)).grants
    expect(await report(token)).toBe('LOCKED')
    const { grants } = await under.records.session('x', userId)
    expect(grants).toMatchObject({ active: false, sessionKept: null })
    expect(grants?.sessionEpoch).toBe((before?.sessionEpoch ?? 0) + 1)
    expect(await signIn(email)).toBe('NO_MATCH')
    const locked = (await mailsTo(under.users, email, 3)).at(-1)
    expect(locked?.subject).toBe('Your account is locked')
    expect(locked?.text).toMatch(/\/reset-password\?token=[\w-]{43}\n/)
  })

  it('has exactly one winner among 200 uses at once, on two replicas', async () => {
    const { token } = await aNotified('race@example.com')
    const uses = Array.from({ length: 200 }, (_, n) => report(token, anonymous, n % 2 ? under.users : other))
    const outcomes = await Promise.all(uses)
    expect(outcomes.filter((outcome) => outcome === 'LOCKED')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'REFUSED')).toHaveLength(199)
  })

  it('works for 72 hours', async () => {
    const [soon, late] = [await aNotified('soon@example.com'), await aNotified('late@example.com')]
    under.clock.advance(72 * hourMs - 1)
    expect(await report(soon.token)).toBe('LOCKED')
    under.clock.advance(1)
    expect(await report(late.token)).toBe('REFUSED')
  })

  it.each(['', 'nonsense', 'A'.repeat(43), '\u0000'.repeat(43)])('refuses %j', async (token) => {
    expect(await report(token)).toBe('REFUSED')
  })

  it.each(['suspended', 'deleted'])('leaves an account that is %s as it is', async (status) => {
    const { userId, token } = await aNotified(`${status}@example.com`)
    await setStatus(userId, status)
    expect(await report(token)).toBe('REFUSED')
    expect(await statusOf(userId)).toBe(status)
  })

  it('takes back the factors that were added since, so that whoever added them stays out; older ones stay', async () => {
    const email = 'passkey@example.com'
    const member = await aMember(under.users, email)
    const owner = { ...member, authTime: under.clock.now().getTime() / 1_000 }
    await withTotp(under.users, owner, under.clock.now())
    under.clock.advance(1)
    const { authenticator } = await withPasskey(under.users, owner)
    const notice = (await mailsTo(under.users, email, 3)).at(-1)
    expect(notice?.text).toContain('passkey')
    const signInWith = async () => {
      const challenge = aChallenge()
      return checkPasskey(under.users, challenge, authenticator.get(await passkeyOptions(under.users, challenge)))
    }
    expect(await signInWith()).toMatchObject({ outcome: 'MATCH' })
    expect(await report(tokenIn(notice?.text))).toBe('LOCKED')
    await setStatus(owner.userId, 'active')
    expect(await signInWith()).toMatchObject({ outcome: 'NO_MATCH' })
    const text = `SELECT outcome FROM users.audit_records WHERE target = $1 AND action = 'second-factors.withdraw'`
    expect(await under.database.query({ name: 'test_withdrawn', text }, [owner.userId])).toEqual([{ outcome: 'done' }])
    const left = { passkeys: [], secondFactors: ['TOTP', 'RECOVERY_CODE'], recoveryCodesLeft: 10 }
    expect(await factorsOf(under.users, owner)).toEqual(left)
  })

  it('keeps its token while the account is suspended, and counts when it is not any more', async () => {
    const { userId, token } = await aNotified('meanwhile@example.com')
    await setStatus(userId, 'suspended')
    expect(await report(token)).toBe('REFUSED')
    await setStatus(userId, 'active')
    expect(await report(token)).toBe('LOCKED')
  })

  it('hands the way in to nobody who took the address over, and makes a change that waits void', async () => {
    const { userId, token } = await aNotified('taken@example.com')
    const thief = { ...(await aMember(under.users, 'bystander@example.com')), userId }
    const mutate = (name: string, type: string, input: object, principal: Principal = anonymous) =>
      ask(under.users.subgraph, principal, `mutation ($input: ${type}!) { ${name}(input: $input) { outcome } }`, {
        input,
      })
    const asking = { ...thief, authTime: under.clock.now().getTime() / 1_000 }
    const move = async (newEmail: string) => {
      await mutate('requestEmailChange', 'RequestEmailChangeInput', { newEmail }, asking)
      return tokenIn((await mailsTo(under.users, newEmail)).at(-1)?.text)
    }
    await mutate('confirmEmailChange', 'ConfirmEmailChangeInput', { token: await move('thief@example.com') })
    const waiting = await move('thief2@example.com')
    expect(await report(token)).toBe('LOCKED')
    const mail = (await mailsTo(under.users, 'thief@example.com', 3)).at(-1)
    expect(mail?.subject).toBe('Your account is locked')
    expect(tokenIn(mail?.text)).toBe('')
    await setStatus(userId, 'active')
    const { data } = await mutate('confirmEmailChange', 'ConfirmEmailChangeInput', { token: waiting })
    expect(data).toEqual({ confirmEmailChange: { outcome: 'REFUSED' } })
  })

  it('is on record as a lock, without the token', async () => {
    const { userId, token } = await aNotified('recorded@example.com')
    await report(token)
    const text = `SELECT action, outcome, actor_kind FROM users.audit_records WHERE target = $1 AND action = 'account.lock'`
    const withdrawn = `SELECT FROM users.audit_records WHERE target = $1 AND action = 'second-factors.withdraw'`
    expect(await under.database.query({ name: 'test_none_withdrawn', text: withdrawn }, [userId])).toEqual([])
    expect(await under.database.query({ name: 'test_lock_record', text }, [userId])).toEqual([
      { action: 'account.lock', outcome: 'not-me', actor_kind: 'anonymous' },
    ])
    const dump = { name: 'test_lock_dump', text: 'SELECT to_jsonb(t)::text AS row FROM users.audit_records t' }
    expect(JSON.stringify(await under.database.query(dump, []))).not.toContain(token)
  })
})

describe('a notice', () => {
  it('is written in the language of the profile', async () => {
    const { userId } = await aMember(under.users, 'klara@example.com', { locale: 'de-AT' })
    await notify('passkey-added', userId)
    const [confirmation, notice] = await mailsTo(under.users, 'klara@example.com', 2)
    expect(confirmation?.subject).toBe('Bestätigen Sie Ihre Adresse')
    expect(notice?.subject).toBe('Ein Passkey wurde hinzugefügt')
  })
})
