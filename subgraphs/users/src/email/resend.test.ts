import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, mailsTo, register, startUsers, tokenIn, type UsersUnderTest, verify } from '../application.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'

let under: UsersUnderTest
let other: UsersApplication
beforeAll(async () => {
  under = await startUsers()
  other = under.replica()
})
afterAll(() => under.close())

const mutation = 'mutation ($input: ResendVerificationInput!) { resendVerification(input: $input) { outcome } }'
const from = (address: string) => ({ address, userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' })
const resend = (email: string, address?: string, users = under.users) =>
  ask(users.subgraph, anonymous, mutation, { input: { email } }, address ? from(address) : undefined)
const registerFrom = (email: string, address: string, users = under.users) =>
  ask(
    users.subgraph,
    anonymous,
    'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }',
    { input: { email, password: 'correct horse battery staple', displayName: 'Ada' } },
    from(address),
  )

const sent = { data: { resendVerification: { outcome: 'CHECK_YOUR_MAIL' } } }
const tables = ['accounts', 'registrations', 'one_time_tokens', 'outbox', 'audit_records', 'mail_allowances']

async function counts(): Promise<Record<string, number>> {
  const rows = tables.map((table) => `(SELECT count(*)::int FROM users.${table}) AS ${table}`)
  const [found] = await under.database.query<Record<string, number>>(
    { name: 'test_counts', text: `SELECT ${rows.join(', ')}` },
    [],
  )
  return found ?? {}
}

async function traceOf(action: () => Promise<unknown>) {
  const before = await counts()
  const start = under.database.asked.length
  const answer = await action()
  const asked = under.database.asked.slice(start).filter((name) => !/^users_(outbox|mail_delivered)/.test(name))
  const after = await counts()
  return {
    answer,
    asked,
    grown: Object.fromEntries(tables.map((table) => [table, (after[table] ?? 0) - (before[table] ?? 0)])),
  }
}

const mailCount = async (email: string) => (await under.users.mail?.mails(email))?.length ?? 0
const outboxRows = async () => (await counts()).outbox ?? 0

describe('resendVerification', () => {
  it('answers, asks and writes the same for an unknown, a waiting and a known address', async () => {
    await aMember(under.users, 'known@example.com')
    await register(under.users, 'waiting@example.com')
    under.clock.advance(dayMs - 1)
    const unknown = await traceOf(() => resend('unknown@example.com', '192.0.2.1'))
    expect(unknown).toEqual({
      answer: sent,
      asked: ['users_address_standing', 'users_mail_asked'],
      // The network's count and the recipient's.
      grown: { accounts: 0, registrations: 0, one_time_tokens: 1, outbox: 1, audit_records: 1, mail_allowances: 2 },
    })
    // The rows that count these recipients are there already.
    const again = { ...unknown, grown: { ...unknown.grown, mail_allowances: 1 } }
    expect(await traceOf(() => resend('waiting@example.com', '198.51.100.1'))).toEqual(again)
    expect(await traceOf(() => resend('known@example.com', '203.0.113.1'))).toEqual(again)
  })

  it('sends a waiting address a link that confirms what was registered, and an unknown one nothing', async () => {
    await register(under.users, 'again@example.com')
    await resend('again@example.com')
    const [first, second] = await mailsTo(under.users, 'again@example.com', 2)
    expect(tokenIn(second?.text)).toMatch(/^[\w-]{43}$/)
    expect(tokenIn(second?.text)).not.toBe(tokenIn(first?.text))
    expect((await verify(under.users, tokenIn(second?.text))).data).toEqual({ verifyEmail: { outcome: 'VERIFIED' } })
    expect((await verify(under.users, tokenIn(first?.text))).data).toEqual({ verifyEmail: { outcome: 'REFUSED' } })
    expect(await mailCount('unknown@example.com')).toBe(0)
  })

  it('tells the owner of a confirmed address that there is an account, and sends no token', async () => {
    await aMember(under.users, 'owner@example.com')
    await resend('owner@example.com')
    const mails = await mailsTo(under.users, 'owner@example.com', 2)
    expect(mails.map(({ subject }) => subject)).toEqual(['Confirm your address', 'You already have an account'])
    expect(tokenIn(mails[1]?.text)).toBe('')
  })

  it('keeps a registration as long as the link that was sent last', async () => {
    await register(under.users, 'lasting@example.com')
    under.clock.advance(23 * hourMs)
    await resend('lasting@example.com')
    const mail = (await mailsTo(under.users, 'lasting@example.com', 2)).at(-1)
    under.clock.advance(23 * hourMs)
    await under.replica().close()
    expect((await verify(under.users, tokenIn(mail?.text))).data).toEqual({ verifyEmail: { outcome: 'VERIFIED' } })
  })

  it('says in the mail when and with what the account was opened, in no word that a stranger chose', async () => {
    await registerFrom('told@example.com', '192.0.2.77')
    const hostile = { address: '192.0.2.77', userAgent: 'Call 0800-PHISH now' }
    const input = { email: 'untold@example.com', password: 'correct horse battery staple', displayName: 'Call me' }
    const operation = 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }'
    await ask(under.users.subgraph, anonymous, operation, { input }, hostile)
    const [told] = await mailsTo(under.users, 'told@example.com')
    const [untold] = await mailsTo(under.users, 'untold@example.com')
    expect(told?.text).toContain('UTC, Firefox, Linux).')
    expect(untold?.text).toContain('a device that we do not know')
    expect(untold?.text).not.toMatch(/PHISH|Call me/)
  })

  it('refuses what is no address', async () => {
    expect((await resend('nobody')).errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

describe('the allowance of a recipient', () => {
  it('is three mails an hour, whoever asks for them, exactly so when 60 ask at once on two replicas', async () => {
    const email = 'bombed@example.com'
    const asks = Array.from({ length: 60 }, (_, n) => {
      const users = n % 2 ? under.users : other
      return n % 3 ? resend(email, undefined, users) : register(users, email)
    })
    for (const { errors } of await Promise.all(asks)) expect(errors).toBeUndefined()
    const kept = {
      name: 'test_allowance',
      text: 'SELECT cardinality(sent_at) AS sent FROM users.mail_allowances ORDER BY over_at DESC, cardinality(sent_at) DESC LIMIT 1',
    }
    expect(await under.database.query(kept, [])).toEqual([{ sent: 3 }])
    expect(await mailCount(email)).toBeLessThanOrEqual(3)
  })

  it('is ten a day', async () => {
    const email = 'daily@example.com'
    await register(under.users, email)
    const written = async () => {
      const before = await outboxRows()
      for (let tries = 0; tries < 5; tries += 1) await resend(email)
      under.clock.advance(hourMs)
      return (await outboxRows()) - before
    }
    const hours = []
    for (let hour = 0; hour < 5; hour += 1) hours.push(await written())
    expect(hours).toEqual([2, 3, 3, 1, 0])
  })
})

describe('the allowance of a network', () => {
  const everyone = (n: number) => `net${n}.${under.clock.now().getTime()}@example.com`

  it('is 30 in ten minutes for a /24, exactly so when 80 ask at once on two replicas', async () => {
    const before = await outboxRows()
    const asks = Array.from({ length: 80 }, (_, n) => {
      const [users, address] = [n % 2 ? under.users : other, `100.64.7.${n}`]
      return n % 4 ? resend(everyone(n), address, users) : registerFrom(everyone(n), address, users)
    })
    const answers = await Promise.all(asks)
    const refused = answers.flatMap(({ errors }) => errors ?? []).map(({ extensions }) => extensions)
    expect(refused).toHaveLength(50)
    for (const extensions of refused) expect(extensions).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 10 * minuteMs })
    expect((await outboxRows()) - before).toBe(30)
  })

  it('writes nothing when it is used up, says when to come again, and is there again then', async () => {
    for (let n = 0; n < 30; n += 1) await resend(everyone(n), '100.64.8.1')
    under.clock.advance(4 * minuteMs)
    const trace = await traceOf(() => resend(everyone(31), '100.64.8.9'))
    expect(trace.answer).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: 6 * minuteMs } }],
    })
    expect(new Set(Object.values(trace.grown))).toEqual(new Set([0]))
    under.clock.advance(6 * minuteMs)
    expect(await resend(everyone(32), '100.64.8.9')).toEqual(sent)
  })

  it('is that of a /48 for IPv6, and of each network alone', async () => {
    for (let n = 0; n < 30; n += 1) await resend(everyone(n), `2001:db8:1:${n}::1`)
    expect((await resend(everyone(40), '2001:db8:1:ffff::1')).errors?.[0]?.extensions?.code).toBe('RATE_LIMITED')
    expect(await resend(everyone(41), '2001:db8:2::1')).toEqual(sent)
  })

  it('is not counted for this machine', async () => {
    for (let n = 0; n < 35; n += 1) expect(await resend(everyone(n), n % 2 ? '127.0.0.1' : '::1')).toEqual(sent)
  })

  it('is kept without the address or the network being readable', async () => {
    await resend('unreadable@example.com', '100.64.9.1')
    const kept = { name: 'test_allowances', text: 'SELECT to_jsonb(a)::text AS row FROM users.mail_allowances a' }
    expect(JSON.stringify(await under.database.query(kept, []))).not.toMatch(/example|100\.64/)
  })

  it('is forgotten when it is over', async () => {
    under.clock.advance(dayMs)
    await under.users.clean()
    expect((await counts()).mail_allowances).toBe(0)
  })
})
