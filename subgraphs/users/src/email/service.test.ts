import { hourMs } from '@latchkey/clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  mailsTo,
  register,
  startUsers,
  tokenIn,
  type UsersUnderTest,
  verify,
} from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const verified = { data: { verifyEmail: { outcome: 'VERIFIED' } } }
const refused = { data: { verifyEmail: { outcome: 'REFUSED' } } }

async function tokenFor(address: string, input = {}): Promise<string> {
  const before = (await under.users.mail?.mails(address))?.length ?? 0
  await register(under.users, address, input)
  return tokenIn((await mailsTo(under.users, address, before + 1)).at(-1)?.text)
}

describe('verifyEmail', () => {
  it('opens the account, once', async () => {
    const token = await tokenFor('once@example.com')
    expect(await verify(under.users, token)).toEqual(verified)
    expect(await verify(under.users, token)).toEqual(refused)
  })

  it('has exactly one winner among 200 uses of one token at once, on two replicas', async () => {
    const token = await tokenFor('race@example.com')
    const other = under.replica()
    const uses = Array.from({ length: 200 }, (_, n) => verify(n % 2 ? under.users : other, token))
    const answers = await Promise.all(uses)
    const outcomes = answers.map((answer) => JSON.stringify(answer))
    expect(outcomes.filter((outcome) => outcome === JSON.stringify(verified))).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === JSON.stringify(refused))).toHaveLength(199)
  })

  it('accepts a token until 24 hours have passed, and not from that instant', async () => {
    const [soon, late] = [await tokenFor('soon@example.com'), await tokenFor('late@example.com')]
    under.clock.advance(24 * hourMs - 1)
    expect(await verify(under.users, soon)).toEqual(verified)
    under.clock.advance(1)
    expect(await verify(under.users, late)).toEqual(refused)
  })

  it.each(['', 'nonsense', 'A'.repeat(43), "' OR 1=1 --", '\u0000'.repeat(43)])('refuses %j', async (token) => {
    expect(await verify(under.users, token)).toEqual(refused)
  })

  it('gives the account the password of the registration that was confirmed, not of another one', async () => {
    const mine = await tokenFor('hijack@example.com', { password: 'my own long passphrase' })
    await tokenFor('hijack@example.com', { password: 'a stranger was here first' })
    expect(await verify(under.users, mine)).toEqual(verified)
    const right = await check(under.users, 'hijack@example.com', 'my own long passphrase')
    const wrong = await check(under.users, 'hijack@example.com', 'a stranger was here first')
    expect(right.data).toMatchObject({ checkPassword: { outcome: 'MATCH' } })
    expect(wrong.data).toMatchObject({ checkPassword: { outcome: 'NO_MATCH', userId: null } })
  })

  it('refuses the tokens of an address that has become an account meanwhile', async () => {
    const older = await tokenFor('twice@example.com')
    await aMember(under.users, 'Twice@example.com')
    expect(await verify(under.users, older)).toEqual(refused)
  })

  it('keeps in the audit records what happened, to whom and in which request', async () => {
    const member = await aMember(under.users, 'audited@example.com')
    const records = await under.database.query(
      {
        name: 'test_audit',
        text: `SELECT actor_kind, action, outcome, request_id FROM users.audit_records WHERE target = $1 ORDER BY action`,
      },
      [member.userId],
    )
    const cause = { actor_kind: 'anonymous', request_id: 'req_test' }
    expect(records).toEqual([
      { ...cause, action: 'account.open', outcome: 'verified' },
      { ...cause, action: 'account.register', outcome: 'pending' },
      { ...cause, action: 'email.confirm', outcome: 'verified' },
    ])
  })

  it('leaves nothing of a registration that nobody confirmed in time', async () => {
    await tokenFor('forgotten@example.com')
    under.clock.advance(24 * hourMs)
    await under.users.clean()
    const left = {
      name: 'test_left',
      text: 'SELECT id FROM users.registrations UNION ALL SELECT id FROM users.one_time_tokens',
    }
    expect(await under.database.query(left, [])).toEqual([])
  })
})
