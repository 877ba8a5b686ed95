import { minuteMs } from '@latchkey/clock'
import { aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  mailsTo,
  register,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
  until,
} from '../application.fixture.ts'
import {
  accountRow,
  auditOf,
  dropPassword,
  requestReset,
  reset,
  resetTokenOf,
  setStatus,
} from '../passwords/passwords.fixture.ts'
import { factorsOf, withPasskey, withTotp } from '../second-factors/factors.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const sessions = aService('sessions')
const verdict = '{ outcome userId namedUserId sessionEpoch secondFactors }'
interface Verdict {
  readonly outcome: string
  readonly userId: string | null
  readonly namedUserId: string | null
  readonly sessionEpoch: number | null
  readonly secondFactors: string[]
}

const send = async (email: string, address?: string) => {
  const query = 'mutation ($email: String!) { sendSignInMail(email: $email) { reference } }'
  const client = address ? { client: { address, userAgent: '' } } : {}
  const request = { query, variables: { email }, principal: sessions, requestId: 'req_1', ...client }
  const { data, errors } = await under.users.subgraph.execute(request)
  return errors?.[0]?.extensions ?? (data?.sendSignInMail as { reference: string })
}
const useLink = async (token: string, users = under.users) => {
  const query = `mutation ($token: String!) { checkSignInLink(token: $token) ${verdict} }`
  return (await ask(users.subgraph, sessions, query, { token })).data?.checkSignInLink as Verdict
}
const useCode = async (reference: string, code: string, users = under.users) => {
  const query = `mutation ($reference: ID!, $code: String!) { checkSignInCode(reference: $reference, code: $code) ${verdict} }`
  return (await ask(users.subgraph, sessions, query, { reference, code })).data?.checkSignInCode as Verdict
}
const matches = (verdicts: readonly Verdict[]) => verdicts.filter(({ outcome }) => outcome === 'MATCH').length

let people = 0
async function aPerson() {
  const email = `mail${people++}@example.com`
  return { email, ...(await aMember(under.users, email)) }
}

/** What the mails to sign in with carry, oldest first. */
async function carriedTo(email: string, count = 1) {
  const sent = async () => ((await under.users.mail?.mails(email)) ?? []).filter(({ subject }) => subject === 'Sign in')
  await until(async () => (await sent()).length >= count)
  return (await sent()).map(({ text }) => ({ token: tokenIn(text), code: /\d{4} \d{4}/.exec(text)?.[0] ?? '' }))
}
async function mailed() {
  const person = await aPerson()
  const { reference } = (await send(person.email)) as { reference: string }
  const [carried] = await carriedTo(person.email)
  return { ...person, reference, token: carried?.token ?? '', code: carried?.code ?? '' }
}
const refused = { outcome: 'NO_MATCH', userId: null, sessionEpoch: null, secondFactors: [] }
const otherThan = (code: string) => (code.startsWith('0') ? '11111111' : '00000000')

describe('a mail to sign in with', () => {
  it('carries a link and a code, one of which signs in its owner, once', async () => {
    const one = await mailed()
    expect(await useLink(one.token)).toMatchObject({ outcome: 'MATCH', userId: one.userId, secondFactors: [] })
    expect([await useLink(one.token), await useCode(one.reference, one.code)]).toMatchObject([refused, refused])
    const other = await mailed()
    expect(await useCode(other.reference, other.code)).toMatchObject({ outcome: 'MATCH', userId: other.userId })
    expect([await useLink(other.token), await useCode(other.reference, other.code)]).toMatchObject([refused, refused])
  })

  it('is used by one of 200 at once, on two replicas, link and code together', async () => {
    const { reference, token, code } = await mailed()
    const replicas = [under.users, under.unstarted()]
    const uses = Array.from({ length: 100 }, (_, turn) => {
      const users = replicas[turn % 2]
      return [useLink(token, users), useCode(reference, code, users)]
    })
    expect(matches(await Promise.all(uses.flat()))).toBe(1)
  })

  it('has five tries for its code, however many are made at once; the link is not guessed and stays good', async () => {
    const tries = await mailed()
    await Promise.all(Array.from({ length: 4 }, () => useCode(tries.reference, otherThan(tries.code))))
    expect(await useCode(tries.reference, tries.code)).toMatchObject({ outcome: 'MATCH' })
    const { userId, reference, token, code } = await mailed()
    const wrong = await Promise.all(Array.from({ length: 100 }, () => useCode(reference, otherThan(code))))
    expect(wrong.filter(({ namedUserId }) => namedUserId === userId)).toHaveLength(5)
    expect(await useCode(reference, code)).toMatchObject(refused)
    expect(await useLink(token)).toMatchObject({ outcome: 'MATCH' })
  })

  it('lives for ten minutes, and leaves those that were sent before it as they are: a stranger may have asked for it', async () => {
    const late = await mailed()
    under.clock.advance(minuteMs)
    await send(late.email)
    const [, newer] = await carriedTo(late.email, 2)
    under.clock.advance(9 * minuteMs - 1)
    const still = await mailed()
    expect(await useLink(late.token)).toMatchObject({ outcome: 'MATCH' })
    under.clock.advance(1 + minuteMs)
    expect(await useLink(newer?.token ?? '')).toMatchObject(refused)
    expect(await useCode(late.reference, late.code)).toMatchObject(refused)
    expect(await useLink(still.token)).toMatchObject({ outcome: 'MATCH' })
  })

  it('is of no use in another’s place, and for anything else', async () => {
    const [ada, eve] = [await mailed(), await mailed()]
    expect(await useCode(ada.reference, eve.code)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await useCode(ada.reference, ada.token)).toMatchObject(refused)
    expect(await reset(under.users, ada.token)).toEqual({ outcome: 'REFUSED' })
    await requestReset(under.users, ada.email)
    expect(await useLink(await resetTokenOf(under.users, ada.email))).toMatchObject(refused)
    for (const garbage of ['', 'x', 'x'.repeat(100_000), '\u0000'])
      expect(await useLink(garbage)).toMatchObject(refused)
    for (const garbage of ['', 'tok_x', "' OR 1=1 --"]) expect(await useCode(garbage, ada.code)).toMatchObject(refused)
  })

  it.each(['suspended', 'locked', 'deleted'] as const)('is of no use to an account that is %s', async (status) => {
    const { userId, reference, token, code } = await mailed()
    await setStatus(under, userId, status)
    expect([await useLink(token), await useCode(reference, code)]).toMatchObject([refused, refused])
  })

  it('is void once the password was changed, or the address is another', async () => {
    const [changed, moved] = [await mailed(), await mailed()]
    under.clock.advance(1)
    const run = (text: string, id: string) => under.database.query({ name: `test_${text.length}`, text }, [id])
    await run(
      `UPDATE users.passwords SET changed_at = '${under.clock.now().toISOString()}' WHERE account_id = $1`,
      changed.userId,
    )
    await run(`UPDATE users.identifiers SET mac = 'another ' || mac WHERE account_id = $1`, moved.userId)
    for (const { token, reference, code } of [changed, moved])
      expect([await useLink(token), await useCode(reference, code)]).toMatchObject([refused, refused])
  })

  it('says what is asked for besides', async () => {
    const { token, ...person } = await mailed()
    await withTotp(under.users, person, under.clock.now())
    expect(await useLink(token)).toMatchObject({ outcome: 'MATCH', secondFactors: ['TOTP', 'RECOVERY_CODE'] })
  })

  it('keeps neither token nor code', async () => {
    const { userId, token, code } = await mailed()
    const text = 'SELECT t.*::text AS row FROM users.one_time_tokens t WHERE subject_id = $1'
    const rows = JSON.stringify(await under.database.query({ name: 'test_tokens', text }, [userId]))
    expect(rows).toContain('sign-in')
    for (const secret of [token, code.replace(' ', '')]) expect(rows).not.toContain(secret)
  })
})

describe('asking for one', () => {
  it('costs, writes and answers the same for every address, and so does a wrong code', async () => {
    const [active, suspended] = [await aPerson(), await aPerson()]
    await setStatus(under, suspended.userId, 'suspended')
    const count = async () => {
      const text = `SELECT (SELECT count(*) FROM users.one_time_tokens)::int AS tokens, (SELECT count(*) FROM users.audit_records)::int AS records,
        (SELECT sum(code_tries) FROM users.one_time_tokens)::int AS tries`
      return (await under.database.query<Record<string, number>>({ name: 'test_count', text }, []))[0] ?? {}
    }
    for (const email of [active.email, suspended.email, 'unknown@example.com']) {
      const [before, from] = [await count(), under.database.asked.length]
      const { reference } = (await send(email)) as { reference: string }
      expect(reference).toMatch(/^tok_\w{22}$/)
      await useCode(reference, '00000000')
      const own = under.database.asked
        .slice(from)
        .filter((name) => !/^users_outbox_|^users_mail_(?!asked)|^test_/.test(name))
      expect(own).toEqual([
        'users_addressee',
        'users_mail_asked',
        'users_sign_in_code_subject',
        'users_sign_in_code_use',
      ])
      const after = await count()
      expect(Object.keys(after).map((what) => (after[what] ?? 0) - (before[what] ?? 0))).toEqual([1, 1, 1])
    }
    expect(await auditOf(under, active.userId, 'sign-in.request-mail')).toEqual(['sent'])
    expect(await auditOf(under, suspended.userId, 'sign-in.request-mail')).toEqual(['not sent'])
    expect(await carriedTo(suspended.email, 0)).toEqual([])
  })

  it('stops in silence after three to one recipient, and aloud after thirty from one network', async () => {
    const { email } = await aPerson()
    // What else was mailed to the address is counted by itself.
    for (let turn = 0; turn < 5; turn++) await register(under.users, email)
    for (let turn = 0; turn < 5; turn++) expect(await send(email)).toHaveProperty('reference')
    expect(await carriedTo(email, 3)).toHaveLength(3)
    for (let turn = 0; turn < 30; turn++) await send(`someone${turn}@example.com`, '203.0.113.9')
    expect(await send('someone@example.com', '203.0.113.77')).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: expect.any(Number),
    })
  })

  it('refuses what is no address', async () => {
    expect(await send('no address')).toEqual({
      code: 'BAD_USER_INPUT',
      fields: { 'input.email': 'must be an email address' },
    })
  })
})

describe('an account that nobody had confirmed', () => {
  const unverify = `UPDATE users.accounts SET email_verified_at = NULL, email_codes_enabled = true WHERE id = $1`
  const unconfirmed = async () => {
    const person = await mailed()
    await under.database.query({ name: 'test_unverify', text: unverify }, [person.userId])
    return person
  }

  it('is its owner’s from then on: the address counts, and whatever opened it before ends', async () => {
    const { email, userId, token, ...person } = await unconfirmed()
    await withTotp(under.users, { ...person, userId }, under.clock.now())
    await withPasskey(under.users, { ...person, userId })
    const before = await accountRow(under, userId)
    expect(await useLink(token)).toEqual({
      ...{ outcome: 'MATCH', userId, namedUserId: userId, secondFactors: [] },
      sessionEpoch: before.sessionEpoch + 1,
    })
    expect(await accountRow(under, userId)).toMatchObject({ verified: true, sessionEpoch: before.sessionEpoch + 1 })
    expect((await check(under.users, email, thePassword)).data?.checkPassword).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await factorsOf(under.users, { ...person, userId })).toMatchObject({ secondFactors: [], passkeys: [] })
    // The first time was the registration's.
    expect(await auditOf(under, userId, 'email.confirm')).toEqual(['verified', 'verified'])
    await until(() => under.holders['api-keys'].withdrawn.some((asked) => asked.userId === userId))
  })

  it('keeps all it has for who confirmed it already', async () => {
    const { email, token, userId } = await mailed()
    await useLink(token)
    expect((await check(under.users, email, thePassword)).data?.checkPassword).toMatchObject({
      outcome: 'MATCH',
      userId,
    })
  })

  it('needs no password', async () => {
    const { userId, reference, code } = await unconfirmed()
    await dropPassword(under, userId)
    expect(await useCode(reference, code)).toMatchObject({ outcome: 'MATCH', userId })
  })

  it('is not there before a registration was confirmed, and gets no mail', async () => {
    await register(under.users, 'waiting@example.com')
    await send('waiting@example.com')
    expect((await mailsTo(under.users, 'waiting@example.com')).map(({ subject }) => subject)).toEqual([
      'Confirm your address',
    ])
  })
})
