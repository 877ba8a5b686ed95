import { minuteMs, secondMs } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aMember, check, field, mailsTo, startUsers, thePassword, type UsersUnderTest } from '../application.fixture.ts'
import {
  checkFactor,
  codeOf,
  codesOf,
  confirmTotp,
  enrolTotp,
  factorsOf,
  matches,
  mutate,
  removeTotp,
  withPasskey,
  withTotp,
} from '../second-factors/factors.fixture.ts'

let under: UsersUnderTest
let ada: Awaited<ReturnType<typeof aMember>>
beforeEach(async () => {
  under = await startUsers()
  ada = await aMember(under.users, 'ada@example.com')
})
afterEach(() => under.close())

const now = () => under.clock.now()
const rowsOf = <Row>(text: string) =>
  under.database.query<Row>({ name: `test_${text.length}_${text}`.slice(0, 60), text }, [])

describe('an authenticator app', () => {
  it('counts only after one good code of it', async () => {
    const { secret, uri, qr } = await enrolTotp(under.users, ada)
    expect(uri).toContain(`secret=${secret}`)
    expect(qr).toMatch(/^data:image\/svg\+xml;base64,/)
    expect(await factorsOf(under.users, ada)).toMatchObject({ secondFactors: [], recoveryCodesLeft: 0 })
    expect(await checkFactor(under.users, ada.userId, { totp: codeOf(secret, now()) })).toMatchObject({
      outcome: 'NO_MATCH',
    })

    expect(await confirmTotp(under.users, ada, '000000')).toEqual({ outcome: 'REFUSED', recoveryCodes: null })
    const confirmed = await confirmTotp(under.users, ada, codeOf(secret, now()))
    expect(confirmed).toMatchObject({ outcome: 'CONFIRMED' })
    expect(new Set(confirmed.recoveryCodes).size).toBe(10)
    expect(await factorsOf(under.users, ada)).toMatchObject({
      secondFactors: ['TOTP', 'RECOVERY_CODE'],
      recoveryCodesLeft: 10,
    })
  })

  it('is told by the password check once it counts, and not to a wrong password', async () => {
    await withTotp(under.users, ada, now())
    const query = `query ($password: String!) { checkPassword(email: "ada@example.com", password: $password) { outcome secondFactors } }`
    const asked = async (password: string) =>
      (await mutate(under.users, { kind: 'service', name: 'sessions', scopes: [] }, query, { password })).data
    expect(await asked(thePassword)).toEqual({
      checkPassword: { outcome: 'MATCH', secondFactors: ['TOTP', 'RECOVERY_CODE'] },
    })
    expect(await asked('wrong')).toEqual({ checkPassword: { outcome: 'NO_MATCH', secondFactors: [] } })
  })

  it('keeps no secret that could be read', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    const dump = JSON.stringify(await rowsOf('SELECT * FROM users.totp_factors'))
    expect(dump).not.toContain(secret)
    expect(dump).toContain(ada.userId)
  })

  it('ends the other sessions when it is the first factor, and is on record and told', async () => {
    await withTotp(under.users, ada, now())
    const { grants } = await under.records.session('ses_other', ada.userId)
    expect(grants).toMatchObject({ sessionEpoch: 1, sessionKept: ada.sessionId })
    const mails = await mailsTo(under.users, 'ada@example.com', 2)
    expect(mails.at(-1)).toMatchObject({ subject: 'An authenticator app was added' })
    const records = await rowsOf<{ action: string; actor_id: string }>(
      'SELECT action, actor_id FROM users.audit_records',
    )
    expect(records.filter(({ action }) => action.startsWith('totp.'))).toEqual([
      { action: 'totp.enrol', actor_id: ada.userId },
      { action: 'totp.confirm', actor_id: ada.userId },
    ])
  })

  it('does not end them when it is the second', async () => {
    await withPasskey(under.users, ada)
    await withTotp(under.users, ada, now())
    expect((await under.records.session('ses_other', ada.userId)).grants).toMatchObject({ sessionEpoch: 1 })
    expect(await factorsOf(under.users, ada)).toMatchObject({ secondFactors: ['PASSKEY', 'TOTP', 'RECOVERY_CODE'] })
  })

  it('is confirmed once by 200 at the same time on two replicas, with ten recovery codes', async () => {
    const { secret } = await enrolTotp(under.users, ada)
    const replicas = [under.users, under.replica()]
    const code = codeOf(secret, now())
    const tries = Array.from({ length: 100 }, () => replicas.map((users) => confirmTotp(users, ada, code)))
    const answers = await Promise.all(tries.flat())
    expect(matches(answers, 'CONFIRMED')).toBe(1)
    expect(matches(answers, 'REFUSED')).toBe(199)
    expect(await factorsOf(under.users, ada)).toMatchObject({ recoveryCodesLeft: 10 })
  })

  it('is not replaced while it counts', async () => {
    await withTotp(under.users, ada, now())
    expect(codesOf(await mutate(under.users, ada, 'mutation { enrolTotp { secret } }'))).toEqual(['CONFLICT'])
  })

  it('is for a person who has only just signed in', async () => {
    under.clock.advance(1_000 * 24 * 3_600_000)
    for (const operation of [
      'enrolTotp { secret }',
      'confirmTotp(input: { code: "1" }) { outcome }',
      'removeTotp(input: {}) { outcome }',
    ])
      expect(codesOf(await mutate(under.users, ada, `mutation { ${operation} }`))).toEqual(['STEP_UP_REQUIRED'])
  })
})

describe('a code', () => {
  it('counts once, and no earlier one after it', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    const shown = (steps: number) => checkFactor(under.users, ada.userId, { totp: codeOf(secret, now(), steps) })
    expect(await shown(0)).toMatchObject({ outcome: 'MATCH', userId: ada.userId, sessionEpoch: 1 })
    expect(await shown(0)).toEqual({ outcome: 'NO_MATCH', userId: null, sessionEpoch: null })
    expect(await shown(1)).toMatchObject({ outcome: 'MATCH' })
    expect(await shown(-1)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await shown(0)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('that confirmed the app does not sign in as well', async () => {
    const { secret } = await enrolTotp(under.users, ada)
    const code = codeOf(secret, now())
    await confirmTotp(under.users, ada, code)
    expect(await checkFactor(under.users, ada.userId, { totp: code })).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('is worth nothing two steps later, and for nobody else', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    const eve = await aMember(under.users, 'eve@example.com')
    await withTotp(under.users, eve, now())
    const code = codeOf(secret, now())
    expect(await checkFactor(under.users, eve.userId, { totp: code })).toMatchObject({ outcome: 'NO_MATCH' })
    under.clock.advance(60 * secondMs)
    expect(await checkFactor(under.users, ada.userId, { totp: code })).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('is used by exactly one of 200 at the same time on two replicas, twenty times over', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    const replicas = [under.users, under.replica()]
    for (let round = 0; round < 20; round++) {
      under.clock.advance(30 * secondMs)
      const totp = codeOf(secret, now())
      const tries = Array.from({ length: 100 }, () => replicas.map((users) => checkFactor(users, ada.userId, { totp })))
      expect(matches(await Promise.all(tries.flat()))).toBe(1)
    }
  })

  it.each(['suspended', 'locked', 'deleted'])('is worth nothing while the account is %s', async (status) => {
    const { secret } = await withTotp(under.users, ada, now())
    await rowsOf(`UPDATE users.accounts SET status = '${status}'`)
    expect(await checkFactor(under.users, ada.userId, { totp: codeOf(secret, now()) })).toMatchObject({
      outcome: 'NO_MATCH',
    })
    await rowsOf(`UPDATE users.accounts SET status = 'active'`)
    expect(await checkFactor(under.users, ada.userId, { totp: codeOf(secret, now()) })).toMatchObject({
      outcome: 'MATCH',
    })
  })

  it.each(['usr_unknown', '', 'usr_\u0000', "' OR 1=1 --"])('is worth nothing for %j', async (userId) => {
    expect(await checkFactor(under.users, userId, { totp: '123456' })).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('comes alone', async () => {
    const operation =
      'mutation ($id: ID!) { checkSecondFactor(userId: $id, reference: "x", shown: { totp: "1", emailCode: "1" }) { outcome } }'
    const answer = await mutate(under.users, { kind: 'service', name: 'sessions', scopes: [] }, operation, {
      id: ada.userId,
    })
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
  })
})

describe('removing the app', () => {
  const outcome = async (input: Record<string, string>, person = ada) =>
    field<{ outcome: string }>((await removeTotp(under.users, person, input)).data, 'removeTotp').outcome

  it('takes a code of it, which is used up by it', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    expect(await outcome({ code: '000000' })).toBe('REFUSED')
    expect(await outcome({ code: codeOf(secret, now()) })).toBe('REMOVED')
    expect(await factorsOf(under.users, ada)).toEqual({ secondFactors: [], recoveryCodesLeft: 0, passkeys: [] })
    const { data } = await check(under.users, 'ada@example.com', thePassword)
    expect(data).toMatchObject({ checkPassword: { outcome: 'MATCH' } })
  })

  it('does not take a code that was used to sign in', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    await checkFactor(under.users, ada.userId, { totp: codeOf(secret, now()) })
    expect(await outcome({ code: codeOf(secret, now()) })).toBe('REFUSED')
  })

  it('takes a recovery code, or a session that began with a passkey', async () => {
    const { recoveryCodes } = await withTotp(under.users, ada, now())
    expect(await outcome({ recoveryCode: recoveryCodes[0] ?? '' })).toBe('REMOVED')
    under.clock.advance(minuteMs)
    await withTotp(under.users, ada, now())
    expect(codesOf(await removeTotp(under.users, ada))).toEqual(['STEP_UP_REQUIRED'])
    expect(codesOf(await removeTotp(under.users, { ...ada, amr: ['pwd', 'otp'], acr: 'aal2' }))).toEqual([
      'STEP_UP_REQUIRED',
    ])
    expect(await outcome({}, { ...ada, amr: ['hwk', 'user'], acr: 'aal2' })).toBe('REMOVED')
  })

  it('takes one of the two, not both', async () => {
    expect(codesOf(await removeTotp(under.users, ada, { code: '1', recoveryCode: '1' }))).toEqual(['BAD_USER_INPUT'])
  })

  it('looks at ten codes in a row and at no more until 15 minutes have passed, however many come at once', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    const wrong = codeOf(secret, now(), 5)
    const opened = () => under.database.asked.filter((name) => name === 'users_totp_by_account').length
    const before = opened()
    await Promise.all(Array.from({ length: 100 }, () => outcome({ code: wrong })))
    expect(opened() - before).toBe(10)
    expect(await outcome({ code: codeOf(secret, now()) })).toBe('REFUSED')
    under.clock.advance(15 * minuteMs)
    expect(await outcome({ code: codeOf(secret, now()) })).toBe('REMOVED')
  })

  it('is done by one of 200 with one code', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    await rowsOf(`UPDATE users.totp_factors SET wrong_codes = -1000`)
    const code = codeOf(secret, now())
    const answers = await Promise.all(Array.from({ length: 200 }, () => outcome({ code })))
    expect(answers.filter((answer) => answer === 'REMOVED')).toHaveLength(1)
  })

  it('leaves the recovery codes while there is another factor', async () => {
    const { secret } = await withTotp(under.users, ada, now())
    await withPasskey(under.users, ada)
    expect(await outcome({ code: codeOf(secret, now()) })).toBe('REMOVED')
    expect(await factorsOf(under.users, ada)).toMatchObject({
      secondFactors: ['PASSKEY', 'RECOVERY_CODE'],
      recoveryCodesLeft: 10,
    })
  })
})
