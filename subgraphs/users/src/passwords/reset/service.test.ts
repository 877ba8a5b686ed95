import { hourMs, minuteMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  mailsTo,
  register,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
  verify,
} from '../../application.fixture.ts'
import { codeOf, removeTotp, withTotp } from '../../second-factors/factors.fixture.ts'
import {
  accept,
  accountRow,
  auditOf,
  change,
  dropPassword,
  newPassword,
  requestReset,
  reset,
  resetTokenOf,
  setStatus,
  signsIn,
} from '../passwords.fixture.ts'
import { isHelpable } from './request.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

let people = 0
async function aPerson() {
  const email = `reset${people++}@example.com`
  return { email, ...(await aMember(under.users, email)) }
}

async function aPersonWithToken() {
  const person = await aPerson()
  await requestReset(under.users, person.email)
  return { ...person, token: await resetTokenOf(under.users, person.email) }
}

const refused = { outcome: 'REFUSED' }
const sent = { outcome: 'CHECK_YOUR_MAIL' }

describe('resetPassword', () => {
  it('sets the password, ends every session, sends a notice and is on record', async () => {
    const { email, userId, token } = await aPersonWithToken()
    const before = await accountRow(under, userId)
    expect(await reset(under.users, token)).toEqual({ outcome: 'RESET' })
    expect([await signsIn(under.users, email, newPassword), await signsIn(under.users, email, thePassword)]).toEqual([
      true,
      false,
    ])
    const after = await accountRow(under, userId)
    expect(after).toEqual({
      ...before,
      sessionEpoch: before.sessionEpoch + 1,
      grantsEpoch: before.grantsEpoch + 1,
      sessionKept: null,
    })
    expect((await mailsTo(under.users, email, 3)).at(-1)?.subject).toBe('Your password was reset')
    expect(await auditOf(under, userId, 'password.reset')).toEqual(['reset'])
  })

  it('works once', async () => {
    const { token } = await aPersonWithToken()
    expect(await reset(under.users, token)).toEqual({ outcome: 'RESET' })
    expect(await reset(under.users, token, 'a third horse battery')).toEqual(refused)
  })

  it('is not used up by a password that is refused', async () => {
    const { token } = await aPersonWithToken()
    const bad = { code: 'BAD_USER_INPUT', fields: { 'input.newPassword': 'must be at least 12 characters' } }
    expect(await reset(under.users, token, 'short')).toEqual(bad)
    expect(await reset(under.users, token, 'x'.repeat(1_000_000))).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await reset(under.users, token, 'unbelievable')).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await reset(under.users, token)).toEqual({ outcome: 'RESET' })
  })

  it('lives for an hour', async () => {
    const one = await aPersonWithToken()
    const other = await aPersonWithToken()
    under.clock.advance(hourMs - 1)
    expect(await reset(under.users, one.token)).toEqual({ outcome: 'RESET' })
    under.clock.advance(1)
    expect(await reset(under.users, other.token)).toEqual(refused)
  })

  it('is void once a newer one was sent, also when that was used', async () => {
    const { email, token } = await aPersonWithToken()
    under.clock.advance(1)
    await requestReset(under.users, email)
    const newer = await resetTokenOf(under.users, email, 2)
    expect(await reset(under.users, token)).toEqual(refused)
    expect(await reset(under.users, newer)).toEqual({ outcome: 'RESET' })
    expect(await reset(under.users, token)).toEqual(refused)
  })

  it('is void once the password was changed', async () => {
    const { userId, token } = await aPersonWithToken()
    under.clock.advance(1)
    await under.database.query(
      { name: 'test_changed', text: 'UPDATE users.passwords SET changed_at = $2 WHERE account_id = $1' },
      [userId, under.clock.now()],
    )
    expect(await reset(under.users, token)).toEqual(refused)
  })

  it('is void once the address was changed', async () => {
    const { userId, token } = await aPersonWithToken()
    const raced = under.replica({
      database: {
        ...under.database,
        query: async (statement, values) => {
          if (statement.name.startsWith('users_password_set'))
            await under.database.query(
              { name: 'test_moved', text: `UPDATE users.accounts SET email = email || '!' WHERE id = $1` },
              [userId],
            )
          return under.database.query(statement, values)
        },
      },
    })
    expect(await reset(raced, token)).toEqual(refused)
  })

  it('is void when the mail was asked for while the address was being changed: it went to the old one', async () => {
    const { userId, email } = await aPerson()
    const to = `moved.${email}`
    const person = aUser({ userId, authTime: under.clock.now().getTime() / 1_000 })
    const asked = async (name: string, input: object) => {
      const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
      await ask(under.users.subgraph, person, `mutation ($i: ${type}!) { ${name}(input: $i) { outcome } }`, {
        i: input,
      })
    }
    await asked('requestEmailChange', { newEmail: to })
    const token = tokenIn((await mailsTo(under.users, to)).at(-1)?.text)
    const raced = under.replica({
      database: {
        ...under.database,
        query: async (statement, values) => {
          if (statement.name === 'users_mail_asked') await asked('confirmEmailChange', { token })
          return under.database.query(statement, values)
        },
      },
    })
    expect(await requestReset(raced, email)).toEqual(sent)
    expect(await reset(under.users, await resetTokenOf(under.users, email))).toEqual(refused)
    expect(await signsIn(under.users, to, thePassword)).toBe(true)
  })

  it('unlocks an account that its owner had locked, and no suspended or deleted one', async () => {
    for (const [status, outcome, after] of [
      ['locked', 'RESET', 'active'],
      ['suspended', 'REFUSED', 'suspended'],
      ['deleted', 'REFUSED', 'deleted'],
    ] as const) {
      const { userId, token } = await aPersonWithToken()
      await setStatus(under, userId, status)
      expect(await reset(under.users, token)).toEqual({ outcome })
      expect((await accountRow(under, userId)).status).toBe(after)
    }
  })

  it('confirms the address that the mail went to, and gives a first password', async () => {
    const { email, userId } = await aPerson()
    await dropPassword(under, userId)
    await under.database.query(
      { name: 'test_unverified', text: 'UPDATE users.accounts SET email_verified_at = NULL WHERE id = $1' },
      [userId],
    )
    await requestReset(under.users, email)
    expect(await reset(under.users, await resetTokenOf(under.users, email))).toEqual({ outcome: 'RESET' })
    expect((await accountRow(under, userId)).verified).toBe(true)
    expect(await signsIn(under.users, email, newPassword)).toBe(true)
  })

  it('takes eight characters from who has a second factor, and while they are the password the factor stays', async () => {
    const { userId, token } = await aPersonWithToken()
    const fresh = () => aUser({ userId, authTime: under.clock.now().getTime() / 1_000 })
    const { secret } = await withTotp(under.users, fresh(), under.clock.now())
    expect(await reset(under.users, token, 'v9#Kq2!x')).toEqual({ outcome: 'RESET' })
    const remove = async () => {
      const { data, errors } = await removeTotp(under.users, fresh(), { code: codeOf(secret, under.clock.now()) })
      return errors?.[0]?.extensions?.code ?? data
    }
    expect(await remove()).toBe('CONFLICT')
    const longer = { currentPassword: 'v9#Kq2!x', newPassword }
    expect(await change(under.users, fresh(), longer)).toEqual({ outcome: 'CHANGED' })
    expect(await remove()).toEqual({ removeTotp: { outcome: 'REMOVED' } })
  })

  it('takes no token of another purpose, and no other text', async () => {
    const email = `waiting${people++}@example.com`
    await register(under.users, email)
    const registration = tokenIn((await mailsTo(under.users, email))[0]?.text)
    expect(await reset(under.users, registration)).toEqual(refused)
    expect(await accept(under.users, registration)).toEqual(refused)
    const { token } = await aPersonWithToken()
    expect(await accept(under.users, token)).toEqual(refused)
    expect(await verify(under.users, token)).toEqual({ data: { verifyEmail: { outcome: 'REFUSED' } } })
    for (const text of ['', 'x', 'a'.repeat(43), `${token}\n`, 'x'.repeat(1_000_000)])
      expect(await reset(under.users, text)).toEqual(refused)
    expect(await reset(under.users, token)).toEqual({ outcome: 'RESET' })
  })

  it('is used once by two hundred at the same moment, over two replicas', async () => {
    const { email, userId, token } = await aPersonWithToken()
    const replicas = [under.users, under.replica()] as const
    const wanted = Array.from({ length: 200 }, (_, index) => `horse number ${index} battery`)
    const answers = await Promise.all(
      wanted.map((password, index) => reset(replicas[index % 2 === 0 ? 0 : 1], token, password)),
    )
    const winners = answers.flatMap(({ outcome }, index) => (outcome === 'RESET' ? [index] : []))
    expect(winners).toHaveLength(1)
    expect(await signsIn(under.users, email, wanted[winners[0] ?? -1] ?? '')).toBe(true)
    expect(await auditOf(under, userId, 'password.reset')).toEqual(['reset'])
  })
})

const tables = ['one_time_tokens', 'outbox', 'audit_records', 'mail_allowances'] as const

async function counts(): Promise<Record<string, number>> {
  const columns = tables.map((table) => `(SELECT count(*)::int FROM users.${table}) AS ${table}`).join(', ')
  const [row] = await under.database.query<Record<string, number>>(
    { name: 'test_counts', text: `SELECT ${columns}` },
    [],
  )
  return row ?? {}
}

async function traceOf(email: string) {
  const before = await counts()
  const from = under.database.asked.length
  const answer = await requestReset(under.users, email)
  const asked = under.database.asked
    .slice(from)
    .filter((name) => !/^(users_(outbox|mails?|grants)_(?!asked)|test_)/.test(name))
  const after = await counts()
  return { answer, asked, grown: tables.map((table) => (after[table] ?? 0) - (before[table] ?? 0)) }
}

describe('requestPasswordReset', () => {
  it('answers, asks and writes the same whoever the address belongs to', async () => {
    const traces = []
    for (const status of ['active', 'locked', 'suspended', 'deleted']) {
      const { email, userId } = await aPerson()
      await setStatus(under, userId, status)
      traces.push(await traceOf(email))
    }
    const unverified = await aPerson()
    await under.database.query(
      { name: 'test_unverified', text: 'UPDATE users.accounts SET email_verified_at = NULL WHERE id = $1' },
      [unverified.userId],
    )
    const without = await aPerson()
    await dropPassword(under, without.userId)
    await register(under.users, 'still.waiting@example.com')
    for (const email of [unverified.email, without.email, 'still.waiting@example.com', 'nobody@example.com'])
      traces.push(await traceOf(email))
    const same = { answer: sent, asked: ['users_addressee', 'users_mail_asked'], grown: [1, 1, 1, 1] }
    expect(traces).toEqual(traces.map(() => same))
  })

  it('mails only where that may help', async () => {
    expect(['active', 'locked', 'suspended', 'deleted'].map((status) => isHelpable({ status }))).toEqual([
      true,
      true,
      false,
      false,
    ])
    const { email, userId } = await aPerson()
    await setStatus(under, userId, 'suspended')
    await requestReset(under.users, email)
    await requestReset(under.users, 'stranger@example.com')
    // What was asked later is delivered later.
    await aPersonWithToken()
    expect((await mailsTo(under.users, email)).map(({ subject }) => subject)).toEqual(['Confirm your address'])
    expect(await under.users.mail?.mails('stranger@example.com')).toEqual([])
  })

  it('writes to the address that is stored, not to the one that was typed', async () => {
    const { email } = await aPerson()
    await requestReset(under.users, ` ${email.toUpperCase()}`)
    await resetTokenOf(under.users, email)
    expect((await mailsTo(under.users, email, 2)).at(-1)?.to).toBe(email)
  })

  it('sends three an hour and ten a day to one address, however many ask at once', async () => {
    const { email, userId } = await aPerson()
    const replicas = [under.users, under.replica()] as const
    const ask = (times: number) =>
      Promise.all(Array.from({ length: times }, (_, index) => requestReset(replicas[index % 2 === 0 ? 0 : 1], email)))
    const allowed = async () => {
      const text = `SELECT count(*)::int AS sent FROM users.one_time_tokens WHERE subject_id = $1 AND purpose = 'reset-password'`
      return (await under.database.query<{ sent: number }>({ name: 'test_sent', text }, [userId]))[0]?.sent
    }
    expect(new Set((await ask(50)).map((answer) => JSON.stringify(answer)))).toEqual(new Set([JSON.stringify(sent)]))
    expect(await allowed()).toBe(3)
    const afterEachHour = []
    for (let hour = 0; hour < 4; hour++) {
      under.clock.advance(hourMs + minuteMs)
      await ask(10)
      afterEachHour.push(await allowed())
    }
    expect(afterEachHour).toEqual([6, 9, 10, 10])
  })

  it('is refused when a network has asked for as many mails as it may, of whatever kind, and writes nothing then', async () => {
    const { email } = await aPerson()
    const client = { address: '100.64.20.7', userAgent: 'Firefox' }
    const from = (index: number) =>
      requestReset(under.users, `net${index}@example.com`, { ...client, address: `100.64.20.${index}` })
    await Promise.all(Array.from({ length: 30 }, (_, index) => from(index)))
    const before = await counts()
    expect(await requestReset(under.users, email, client)).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 10 * minuteMs,
    })
    expect(await counts()).toEqual(before)
    under.clock.advance(10 * minuteMs)
    expect(await requestReset(under.users, email, client)).toEqual(sent)
  })

  it('is answered in the language that the browser asks for, unless the person chose one', async () => {
    const client = { address: '100.64.21.7', userAgent: 'Firefox', languages: 'fr, de-AT;q=0.9' }
    const subjectFor = async (person: { email: string }) => {
      await requestReset(under.users, person.email, client)
      await resetTokenOf(under.users, person.email)
      return (await mailsTo(under.users, person.email)).at(-1)?.subject
    }
    expect(await subjectFor(await aPerson())).toBe('Setzen Sie ein neues Passwort')
    const email = 'english@example.com'
    await aMember(under.users, email, { locale: 'en' })
    expect(await subjectFor({ email })).toBe('Set a new password')
  })

  it('says what is no address', async () => {
    expect(await requestReset(under.users, 'no address')).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await requestReset(under.users, `${'x'.repeat(1_000_000)}@example.com`)).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
  })
})
