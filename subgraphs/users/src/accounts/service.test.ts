import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, mailsTo, register, startUsers, tokenIn, type UsersUnderTest, verify } from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const sent = { data: { register: { outcome: 'CHECK_YOUR_MAIL' } } }

const count = async (table: string): Promise<number> => {
  const statement = { name: `count_${table}`, text: `SELECT count(*)::int AS rows FROM users.${table}` }
  const [found] = await under.database.query<{ rows: number }>(statement, [])
  return found?.rows ?? 0
}

const writtenTables = ['accounts', 'registrations', 'one_time_tokens', 'outbox', 'audit_records']
const counts = async () => Object.fromEntries(await Promise.all(writtenTables.map(async (t) => [t, await count(t)])))

/** What a registration asked of the database and what it left there. The worker's statements are not the caller's. */
async function traceOf(action: () => Promise<unknown>) {
  const before = await counts()
  const from = under.database.asked.length
  const answer = await action()
  const asked = under.database.asked.slice(from).filter((name) => !/^users_(outbox|mail)_/.test(name))
  const after = await counts()
  const grown = Object.fromEntries(writtenTables.map((table) => [table, (after[table] ?? 0) - (before[table] ?? 0)]))
  return { answer, asked, grown }
}

describe('register', () => {
  it('answers that a mail is on its way, and sends it', async () => {
    expect(await register(under.users, 'Ada@Example.com')).toEqual(sent)
    const [mail] = await mailsTo(under.users, 'ada@example.com')
    expect(mail).toMatchObject({ to: 'Ada@Example.com', subject: 'Confirm your address' })
    expect(mail?.text).toMatch(/http:\/\/localhost:4000\/verify-email\?token=[\w-]{43}\n/)
  })

  it('answers, asks and writes the same for an unknown, a waiting and a known address', async () => {
    await aMember(under.users, 'known@example.com')
    await register(under.users, 'waiting@example.com')
    const unknown = await traceOf(() => register(under.users, 'unknown@example.com'))
    const waiting = await traceOf(() => register(under.users, 'waiting@example.com'))
    const known = await traceOf(() => register(under.users, 'KNOWN@example.com'))
    expect(unknown.answer).toEqual(sent)
    expect(unknown.asked).toEqual(['users_address_standing', 'users_registration_add'])
    expect(unknown.grown).toEqual({ accounts: 0, registrations: 1, one_time_tokens: 1, outbox: 1, audit_records: 1 })
    expect(waiting).toEqual(unknown)
    expect(known).toEqual(unknown)
  })

  it('tells the owner of a known address, and sends no token', async () => {
    await aMember(under.users, 'owner@example.com')
    await register(under.users, 'owner@example.com', { displayName: 'Eve' })
    const mails = await mailsTo(under.users, 'owner@example.com', 2)
    expect(mails.map(({ subject }) => subject)).toEqual(['Confirm your address', 'You already have an account'])
    expect(tokenIn(mails[1]?.text)).toBe('')
    expect(mails[1]?.text).not.toContain('Eve')
  })

  it('sends a waiting address a fresh token', async () => {
    await register(under.users, 'again@example.com')
    await register(under.users, 'again@example.com')
    const [first, second] = await mailsTo(under.users, 'again@example.com', 2)
    expect(tokenIn(second?.text)).toMatch(/^[\w-]{43}$/)
    expect(tokenIn(second?.text)).not.toBe(tokenIn(first?.text))
  })

  it('refuses wrong input with its fields before anything is looked up', async () => {
    const { answer, asked } = await traceOf(() =>
      register(under.users, 'nobody', { password: 'short', displayName: '' }),
    )
    expect(asked).toEqual([])
    expect(answer).toMatchObject({
      data: null,
      errors: [
        {
          extensions: {
            code: 'BAD_USER_INPUT',
            fields: {
              'input.email': 'must be an email address',
              'input.password': 'must be at least 12 characters',
              'input.displayName': 'must be 1 to 80 printable characters',
            },
          },
        },
      ],
    })
  })

  it('makes one account of an address that is registered and confirmed many times at once', async () => {
    const [before, mailsBefore] = [await count('accounts'), await count('outbox')]
    const answers = await Promise.all(Array.from({ length: 20 }, () => register(under.users, 'race@example.com')))
    expect(answers).toEqual(Array.from({ length: 20 }, () => sent))
    const mails = await mailsTo(under.users, 'race@example.com', (await count('outbox')) - mailsBefore)
    expect(mails).toHaveLength(3)
    const confirmed = await Promise.all(mails.map(({ text }) => verify(under.users, tokenIn(text))))
    const outcomes = confirmed.map(({ data }) => JSON.stringify(data))
    expect(outcomes.filter((outcome) => outcome.includes('"VERIFIED"'))).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome.includes('"REFUSED"'))).toHaveLength(mails.length - 1)
    expect((await count('accounts')) - before).toBe(1)
  })

  it('leaves neither address nor name nor token nor password readable in the database', async () => {
    const secret = 'a quite unusual passphrase'
    await register(under.users, 'grace.hopper@example.com', { displayName: 'Grace Hopper', password: secret })
    const [mail] = await mailsTo(under.users, 'grace.hopper@example.com')
    const token = tokenIn(mail?.text)
    const stored = await storedText()
    await verify(under.users, token)
    for (const text of [stored, await storedText()])
      for (const readable of ['grace.hopper', 'Grace Hopper', token, secret]) expect(text).not.toContain(readable)
  })

  it('is refused with UNAVAILABLE and a time to come again when too many wait for their hash', async () => {
    const busy = under.replica({ hashing: { parallel: 1, queueMax: 1 } })
    const answers = await Promise.all([1, 2, 3, 4].map((n) => register(busy, `busy${n}@example.com`)))
    const refused = answers.filter(({ errors }) => errors)
    expect(answers).toContainEqual(sent)
    expect(refused.length).toBeGreaterThan(0)
    for (const { errors } of refused)
      expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE', retryAfterMs: 100 })
  })

  it.each(['flooded@example.com', 'known-and-flooded@example.com'])(
    'sends %s three mails an hour and ten a day, and answers, asks and takes note of every further try alike',
    async (email) => {
      if (email.startsWith('known')) await aMember(under.users, email)
      // What a member was sent to become one does not count any more.
      under.clock.advance(24 * 3_600_000)
      const before = (await under.users.mail?.mails(email))?.length ?? 0
      const mailed = async () => {
        const { asked, answer, grown } = await traceOf(() => register(under.users, email))
        expect(asked).toEqual(['users_address_standing', 'users_registration_add'])
        expect(answer).toEqual(sent)
        expect(grown.audit_records).toBe(1)
        return grown.outbox
      }
      const hour = async () => {
        const grown = []
        for (let tries = 0; tries < 5; tries += 1) grown.push(await mailed())
        under.clock.advance(3_600_000)
        return grown
      }
      expect(await hour()).toEqual([1, 1, 1, 0, 0])
      expect(await hour()).toEqual([1, 1, 1, 0, 0])
      expect(await hour()).toEqual([1, 1, 1, 0, 0])
      expect(await hour()).toEqual([1, 0, 0, 0, 0])
      expect(await hour()).toEqual([0, 0, 0, 0, 0])
      expect(await mailsTo(under.users, email, before + 10)).toHaveLength(before + 10)
      under.clock.advance(20 * 3_600_000)
      expect(await mailed()).toBe(1)
    },
  )

  it('takes note that a mail was withheld', async () => {
    for (let tries = 0; tries < 4; tries += 1) await register(under.users, 'noted@example.com')
    const records = await under.database.query<{ detail: object }>(
      { name: 'test_last_records', text: 'SELECT detail FROM users.audit_records ORDER BY at DESC, id DESC' },
      [],
    )
    const withheld = records.filter(({ detail }) => JSON.stringify(detail) === '{"mail":"withheld"}')
    expect(withheld.length).toBeGreaterThan(0)
  })
})

async function storedText(): Promise<string> {
  const tables = [...writtenTables, 'passwords', 'data_keys', 'role_grants']
  const read = (table: string) =>
    under.database.query({ name: `dump_${table}`, text: `SELECT to_jsonb(t)::text AS row FROM users.${table} t` }, [])
  return JSON.stringify(await Promise.all(tables.map(read)))
}
