import { minuteMs } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailsTo, register, startUsers, tokenIn, type UsersUnderTest, verify } from '../application.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'

let under: UsersUnderTest
let other: UsersApplication
beforeAll(async () => {
  under = await startUsers()
  other = under.replica()
})
afterAll(() => under.close())

const mutation = 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { outcome } }'
const verifyBy = async (users: UsersApplication, input: object) => {
  const { data, errors } = await ask(users.subgraph, anonymous, mutation, { input })
  return (data as { verifyEmail?: { outcome: string } } | null)?.verifyEmail?.outcome ?? errors?.[0]?.extensions
}

const codeIn = (text: string | undefined): string => /\b\d{8}\b/.exec((text ?? '').replace(/token=\S+/, ''))?.[0] ?? ''

async function codeFor(email: string): Promise<string> {
  const before = (await under.users.mail?.mails(email))?.length ?? 0
  await register(under.users, email)
  return codeIn((await mailsTo(under.users, email, before + 1)).at(-1)?.text)
}

const wrong = (code: string, by = 1) => String((Number(code) + by) % 100_000_000).padStart(8, '0')

describe('a code', () => {
  it('confirms the address it was sent to, once', async () => {
    const code = await codeFor('code@example.com')
    expect(code).toMatch(/^\d{8}$/)
    expect(await verifyBy(under.users, { email: 'CODE@example.com', code })).toBe('VERIFIED')
    expect(await verifyBy(under.users, { email: 'code@example.com', code })).toBe('REFUSED')
  })

  it('confirms no other address', async () => {
    const code = await codeFor('mine@example.com')
    await codeFor('yours@example.com')
    expect(await verifyBy(under.users, { email: 'yours@example.com', code })).toBe('REFUSED')
    expect(await verifyBy(under.users, { email: 'nobody@example.com', code })).toBe('REFUSED')
  })

  it('is good until ten minutes have passed, and not from that instant; the link still is', async () => {
    const [soon, late] = [await codeFor('soon@example.com'), await codeFor('late@example.com')]
    under.clock.advance(10 * minuteMs - 1)
    expect(await verifyBy(under.users, { email: 'soon@example.com', code: soon })).toBe('VERIFIED')
    under.clock.advance(1)
    expect(await verifyBy(under.users, { email: 'late@example.com', code: late })).toBe('REFUSED')
    const [mail] = await mailsTo(under.users, 'late@example.com')
    expect((await verify(under.users, tokenIn(mail?.text))).data).toEqual({ verifyEmail: { outcome: 'VERIFIED' } })
  })

  it('has exactly one winner among 200 uses at once, on two replicas', async () => {
    const input = { email: 'race@example.com', code: await codeFor('race@example.com') }
    const uses = Array.from({ length: 200 }, (_, n) => verifyBy(n % 2 ? under.users : other, input))
    const outcomes = await Promise.all(uses)
    expect(outcomes.filter((outcome) => outcome === 'VERIFIED')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'REFUSED')).toHaveLength(199)
  })

  it('has four wrong tries, and is right with the fifth; after five it is never right', async () => {
    for (const [email, tries, outcome] of [
      ['four@example.com', 4, 'VERIFIED'],
      ['five@example.com', 5, 'REFUSED'],
    ] as const) {
      const code = await codeFor(email)
      await Promise.all(
        Array.from({ length: tries }, (_, n) =>
          verifyBy(n % 2 ? under.users : other, { email, code: wrong(code, n + 1) }),
        ),
      )
      expect(await verifyBy(under.users, { email, code })).toBe(outcome)
    }
  })

  it('is tried five times exactly when 200 guesses come at once on two replicas', async () => {
    const email = 'guessed@example.com'
    const code = await codeFor(email)
    const guesses = Array.from({ length: 200 }, (_, n) =>
      verifyBy(n % 2 ? under.users : other, { email, code: wrong(code, n + 1) }),
    )
    expect(new Set(await Promise.all(guesses))).toEqual(new Set(['REFUSED']))
    const tries = {
      name: 'test_tries',
      text: `SELECT max(code_tries)::int AS tries FROM users.one_time_tokens WHERE code_tries > 0 AND consumed_at IS NULL
             AND created_at = (SELECT max(created_at) FROM users.one_time_tokens)`,
    }
    expect(await under.database.query(tries, [])).toEqual([{ tries: 5 }])
    expect(await verifyBy(other, { email, code })).toBe('REFUSED')
  })

  it('of each of several mails confirms what that mail was about', async () => {
    const email = 'twice@example.com'
    const first = await codeFor(email)
    const second = await codeFor(email)
    expect(first).not.toBe(second)
    expect(await verifyBy(under.users, { email, code: first })).toBe('VERIFIED')
    expect(await verifyBy(under.users, { email, code: second })).toBe('REFUSED')
  })

  it('is not readable in the database, and is another one with every token', async () => {
    const code = await codeFor('kept@example.com')
    const kept = { name: 'test_codes', text: 'SELECT to_jsonb(t)::text AS row FROM users.one_time_tokens t' }
    expect(JSON.stringify(await under.database.query(kept, []))).not.toContain(`"${code}"`)
  })
})

describe('what verifyEmail is given', () => {
  const oneWay = 'give either the token, or the address and the code'
  it.each([
    [{}, { 'input.token': oneWay }],
    [{ token: 'x', code: '12345678' }, { 'input.token': oneWay }],
    [{ token: 'x', email: 'a@example.com', code: '12345678' }, { 'input.token': oneWay }],
    [{ email: 'a@example.com' }, { 'input.code': oneWay }],
    [{ code: '12345678' }, { 'input.email': oneWay }],
    [
      { email: 'nobody', code: '１２３４５６７８' },
      { 'input.email': 'must be an email address', 'input.code': 'must be the eight digits from the mail' },
    ],
  ])('%j is refused with %j', async (input, fields) => {
    expect(await verifyBy(under.users, input)).toEqual({ code: 'BAD_USER_INPUT', fields })
  })
})
