import { minuteMs, systemEntropy } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aMember, field, startUsers, type UsersUnderTest, until } from '../application.fixture.ts'
import { checkFactor, codesOf, factorsOf, matches, mutate, sendEmailCode } from '../second-factors/factors.fixture.ts'
import { newEmailCode, parseEmailCode } from './email-code.ts'

let under: UsersUnderTest
let ada: Awaited<ReturnType<typeof aMember>>
beforeEach(async () => {
  under = await startUsers()
  ada = await aMember(under.users, 'ada@example.com')
})
afterEach(() => under.close())

const enable = async (person = ada) => {
  const answer = await mutate(under.users, person, 'mutation { enableEmailCodes { recoveryCodes } }')
  return field<{ recoveryCodes: string[] | null }>(answer.data, 'enableEmailCodes').recoveryCodes
}
const send = (reference?: string, userId = ada.userId) => sendEmailCode(under.users, userId, reference)
const codesSent = async () => {
  const mails = (await under.users.mail?.mails('ada@example.com')) ?? []
  return mails.flatMap(({ subject, text }) =>
    subject === 'Your code to sign in' ? [/\d{4} \d{4}/.exec(text)?.[0] ?? ''] : [],
  )
}
const newest = async (count: number) => {
  await until(async () => (await codesSent()).length >= count)
  return (await codesSent()).at(-1) ?? ''
}
const use = (emailCode: string, reference?: string, users = under.users) =>
  checkFactor(users, ada.userId, { emailCode }, reference)
const otherThan = (code: string) => (code.startsWith('0') ? '11111111' : '00000000')

describe('a code by mail', () => {
  it('has eight digits', () => {
    const codes = Array.from({ length: 1_000 }, () => newEmailCode(systemEntropy))
    for (const code of codes) expect(code).toMatch(/^\d{8}$/)
    expect(new Set(codes.map(([first]) => first)).size).toBe(10)
    expect(parseEmailCode('1234 5678')).toBe('12345678')
    expect(['1234567', '123456789', '１２３４５６７８', '1'.repeat(40)].map(parseEmailCode)).toEqual([
      null,
      null,
      null,
      null,
    ])
  })

  it('is sent to who has switched it on, and works once, for the sign-in it was sent for', async () => {
    expect(await send()).toBe('NOT_SENT')
    expect(await enable()).toHaveLength(10)
    expect(await factorsOf(under.users, ada)).toMatchObject({ secondFactors: ['RECOVERY_CODE', 'EMAIL_CODE'] })
    expect(await send('one')).toBe('SENT')
    const code = await newest(1)
    expect(await use(code, 'two')).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await use(code, 'one')).toMatchObject({ outcome: 'MATCH', userId: ada.userId })
    expect(await use(code, 'one')).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('says what it is for: whoever reads it unasked learns whether it is their password or a session that somebody has', async () => {
    await enable()
    await sendEmailCode(under.users, ada.userId, 'ses_1', 'STEP_UP')
    const stepUp = () => under.users.mail?.mails('ada@example.com').then((mails) => mails.at(-1))
    await until(async () => (await stepUp())?.subject === 'Your code to go on')
    expect((await stepUp())?.text).toContain('somebody else is signed in to your account')
    const code = /\d{4} \d{4}/.exec((await stepUp())?.text ?? '')?.[0] ?? ''
    expect(await use(code, 'ses_1')).toMatchObject({ outcome: 'MATCH' })
  })

  it('is void once a newer one was sent, and after ten minutes', async () => {
    await enable()
    await send('one')
    const first = await newest(1)
    await send('two')
    const second = await newest(2)
    expect(await use(first, 'one')).toMatchObject({ outcome: 'NO_MATCH' })
    await send('two')
    const third = await newest(3)
    expect(await use(second, 'two')).toMatchObject({ outcome: 'NO_MATCH' })
    under.clock.advance(10 * minuteMs)
    expect(await use(third, 'two')).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('is looked at five times, however many try at once', async () => {
    await enable()
    await send()
    const code = await newest(1)
    await Promise.all(Array.from({ length: 100 }, () => use(otherThan(code))))
    expect(await use(code)).toMatchObject({ outcome: 'NO_MATCH' })
    const [row] = await under.database.query<{ tries: number }>(
      { name: 'test_tries', text: 'SELECT tries FROM users.email_codes' },
      [],
    )
    expect(row?.tries).toBe(5)
  })

  it('works for exactly one of 200 at the same time on two replicas', async () => {
    await enable()
    await send()
    const code = await newest(1)
    const replicas = [under.users, under.replica()]
    const tries = Array.from({ length: 100 }, () => replicas.map((users) => use(code, undefined, users)))
    expect(matches(await Promise.all(tries.flat()))).toBe(1)
  })

  it('goes out three times an hour to an account, and never more, however many ask at once', async () => {
    await enable()
    await Promise.all(Array.from({ length: 50 }, (_, turn) => send(`pending${turn}`)))
    for (let turn = 0; turn < 5; turn++) await send()
    await until(async () => (await codesSent()).length >= 3)
    expect(await send()).toBe('NOT_SENT')
    expect(await codesSent()).toHaveLength(3)
    under.clock.advance(60 * minuteMs)
    expect(await send()).toBe('SENT')
  })

  it('does not meet what a role demands', async () => {
    await enable()
    await demandFactor()
    expect((await grants()).roles).toEqual([])
  })

  it('is switched off by a session with two factors', async () => {
    await enable()
    const off = 'mutation { disableEmailCodes { enabled } }'
    expect(codesOf(await mutate(under.users, ada, off))).toEqual(['STEP_UP_REQUIRED'])
    expect((await mutate(under.users, { ...ada, acr: 'aal2' }, off)).data).toEqual({
      disableEmailCodes: { enabled: false },
    })
    expect(await factorsOf(under.users, ada)).toMatchObject({ secondFactors: [], recoveryCodesLeft: 0 })
    expect(await send()).toBe('NOT_SENT')
  })
})

const demandFactor = () =>
  under.database.query(
    {
      name: 'test_demand',
      text: `UPDATE users.roles SET second_factor_grace_days = 0 WHERE name = 'user'`,
    },
    [],
  )
const grants = async () => {
  const operation = 'query ($id: ID!) { grants(userId: $id) { roles scopes } }'
  const answer = await mutate(under.users, { kind: 'service', name: 'gateway', scopes: [] }, operation, {
    id: ada.userId,
  })
  return field<{ roles: string[]; scopes: string[] }>(answer.data, 'grants')
}
