import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aMember, field, mailsTo, startUsers, type UsersUnderTest } from '../application.fixture.ts'
import { checkFactor, codesOf, factorsOf, matches, mutate, withTotp } from '../second-factors/factors.fixture.ts'

let under: UsersUnderTest
let ada: Awaited<ReturnType<typeof aMember>>
beforeEach(async () => {
  under = await startUsers()
  ada = await aMember(under.users, 'ada@example.com')
})
afterEach(() => under.close())

const withCodes = async () => (await withTotp(under.users, ada, under.clock.now())).recoveryCodes
const use = (recoveryCode = '', userId = ada.userId, users = under.users) =>
  checkFactor(users, userId, { recoveryCode })
const proved = () => ({ ...ada, amr: ['pwd', 'otp'], acr: 'aal2' as const })
const regenerate = async (person = proved()) => {
  const answer = await mutate(under.users, person, 'mutation { regenerateRecoveryCodes { recoveryCodes } }')
  return {
    codes: codesOf(answer),
    fresh: field<{ recoveryCodes: string[] } | null>(answer.data, 'regenerateRecoveryCodes')?.recoveryCodes ?? [],
  }
}

describe('a recovery code', () => {
  it('works once, is counted, told and on record', async () => {
    const [code = ''] = await withCodes()
    expect(await use(code.toLowerCase().replaceAll('-', ' '))).toMatchObject({ outcome: 'MATCH', userId: ada.userId })
    expect(await use(code)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await factorsOf(under.users, ada)).toMatchObject({ recoveryCodesLeft: 9 })
    const mails = await mailsTo(under.users, 'ada@example.com', 3)
    expect(mails.at(-1)).toMatchObject({ subject: 'A recovery code was used' })
    expect(mails.at(-1)?.text).toMatch(/\/not-me\?token=[\w-]{43}/)
    const records = await under.database.query<{ target: string }>(
      { name: 'test_records', text: `SELECT target FROM users.audit_records WHERE action = 'recovery-codes.use'` },
      [],
    )
    expect(records).toEqual([{ target: ada.userId }])
  })

  it('of somebody else is worth nothing', async () => {
    const [code] = await withCodes()
    const eve = await aMember(under.users, 'eve@example.com')
    await withTotp(under.users, eve, under.clock.now())
    expect(await use(code, eve.userId)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await use(code)).toMatchObject({ outcome: 'MATCH' })
  })

  it('works for exactly one of 200 at the same time on two replicas, ten codes over', async () => {
    const codes = await withCodes()
    const replicas = [under.users, under.replica()]
    for (const code of codes) {
      const tries = Array.from({ length: 100 }, () => replicas.map((users) => use(code, ada.userId, users)))
      expect(matches(await Promise.all(tries.flat()))).toBe(1)
    }
    expect(await factorsOf(under.users, ada)).toMatchObject({ secondFactors: ['TOTP'], recoveryCodesLeft: 0 })
  })

  it('is kept so that nobody can read it', async () => {
    const codes = await withCodes()
    const rows = await under.database.query({ name: 'test_codes', text: 'SELECT * FROM users.recovery_codes' }, [])
    expect(rows).toHaveLength(10)
    const dump = JSON.stringify(rows)
    for (const code of codes) expect(dump).not.toContain(code.replaceAll('-', ''))
  })
})

describe('new recovery codes', () => {
  it('take the place of all the old ones', async () => {
    const [old] = await withCodes()
    const { fresh } = await regenerate()
    expect(new Set(fresh).size).toBe(10)
    expect(await use(old)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await use(fresh[0])).toMatchObject({ outcome: 'MATCH' })
    expect((await mailsTo(under.users, 'ada@example.com', 3)).map(({ subject }) => subject)).toContain(
      'New recovery codes were made',
    )
  })

  it('are ten, however many ask for them at once', async () => {
    await withCodes()
    const answers = await Promise.all(Array.from({ length: 6 }, () => regenerate()))
    const working = await Promise.all(answers.flatMap(({ fresh }) => fresh).map((code) => use(code)))
    expect(matches(working)).toBe(10)
  })

  it('need a session that began with two factors, and something that they stand in for', async () => {
    expect((await regenerate()).codes).toEqual(['CONFLICT'])
    await withCodes()
    expect((await regenerate({ ...proved(), acr: 'aal1' as never })).codes).toEqual(['STEP_UP_REQUIRED'])
  })
})
