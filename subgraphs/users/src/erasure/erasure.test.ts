import { dayMs, minuteMs } from '@latchkey/clock'
import { anonymous, type UserPrincipal } from '@latchkey/principal'
import { aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  field,
  mailsTo,
  register,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
  verify,
} from '../application.fixture.ts'
import { sendEmailCode } from '../second-factors/factors.fixture.ts'
import { ledgerOf, whereIs } from './erasure.fixture.ts'

let under: UsersUnderTest
beforeEach(async () => {
  under = await startUsers()
})
afterEach(() => under.close())

const count = async (table: string) => {
  const statement = { name: `test_count_${table}`, text: `SELECT count(*)::int AS count FROM users.${table}` }
  return (await under.database.query<{ count: number }>(statement, []))[0]?.count
}

/** An account with something in every table that can hold something of a person. */
async function aFullPerson(email: string) {
  await register(under.users, email)
  const person = await aMember(under.users, email)
  await register(under.users, email)
  await mailsTo(under.users, email, 3)
  const { userId } = person
  const add = (name: string, text: string) => under.database.query({ name: `test_add_${name}`, text }, [userId])
  await add('totp', `INSERT INTO users.totp_factors (account_id, secret, created_at) VALUES ($1, 'sealed', now())`)
  await add(
    'code',
    `INSERT INTO users.recovery_codes (account_id, mac_key_id, mac, created_at) VALUES ($1, 'k', 'm' || $1, now())`,
  )
  await add(
    'passkey',
    `INSERT INTO users.passkeys (id, account_id, public_key, sign_count, transports, aaguid, name, backed_up, created_at)
     VALUES ('pk_' || $1, $1, '\\x00', 0, '{}', 'aaguid', 'sealed', false, now())`,
  )
  await add(
    'enrolment',
    `INSERT INTO users.passkey_enrolments (account_id, challenge, expires_at) VALUES ($1, 'c', now())`,
  )
  await add(
    'email_code',
    `INSERT INTO users.email_codes (reference, account_id, mac_key_id, mac, expires_at) VALUES ('ref_' || $1, $1, 'k', 'm', now())`,
  )
  await add(
    'export',
    `INSERT INTO users.data_exports (id, account_id, created_at, expires_at) VALUES ('exp_' || $1, $1, now(), now() + '1 day')`,
  )
  await add(
    'allowance',
    `INSERT INTO users.mail_allowances (subject, sent_at, over_at) SELECT 'reset:' || key_id || ':' || mac, ARRAY[now()], now() + '1 day' FROM users.identifiers WHERE account_id = $1`,
  )
  return person
}

const deleteMe = (person: Awaited<ReturnType<typeof aMember>>, email: string) =>
  ask(under.users.subgraph, person, 'mutation ($input: DeleteMeInput!) { deleteMe(input: $input) { eraseAt } }', {
    input: { email },
  })

describe('an erased person', () => {
  it('is in the ledger and the audit records by their id, and nowhere else', async () => {
    const person = await aFullPerson('gone@example.com')
    const kept = await aFullPerson('kept@example.com')
    expect((await whereIs(under, person.userId)).length).toBeGreaterThan(12)
    const before = await whereIs(under, kept.userId)
    expect(await under.users.erasure.eraseNow('gone@example.com')).toBe('erased')
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
    expect(await whereIs(under, kept.userId)).toEqual(before)
    for (const table of ['totp_factors', 'passkeys', 'email_codes', 'data_exports']) expect(await count(table)).toBe(1)
    expect(await under.users.mail?.mails('gone@example.com')).toEqual([])
    expect((await under.users.mail?.mails('kept@example.com'))?.length).toBe(3)
    expect(await under.records.grants(person.userId)).toBeNull()
    expect([under.holders.sessions.erased, under.holders['api-keys'].erased]).toEqual([
      [person.userId],
      [person.userId],
    ])
  })

  it('leaves no count of the mails that were sent, nor what strangers did with an address of theirs, a former one too', async () => {
    const inputs = { requestEmailChange: 'newEmail', confirmEmailChange: 'token' }
    const change = (who: UserPrincipal, name: keyof typeof inputs, value: string) => {
      const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
      const operation = `mutation ($input: ${type}!) { ${name}(input: $input) { outcome } }`
      return ask(under.users.subgraph, who, operation, { input: { [inputs[name]]: value } })
    }
    const tables = ['mail_allowances', 'registrations', 'one_time_tokens', 'email_codes', 'outbox']
    const counts = async () => Promise.all(tables.map(async (table) => [table, await count(table)]))
    const before = await counts()
    const allowed = (await count('mail_allowances')) ?? 0

    const person = await aMember(under.users, 'first@example.com')
    await register(under.users, 'first@example.com')
    await change(person, 'requestEmailChange', 'second@example.com')
    const mail = (await mailsTo(under.users, 'second@example.com')).at(-1)
    expect((await change(person, 'confirmEmailChange', tokenIn(mail?.text))).data).toMatchObject({
      confirmEmailChange: { outcome: 'CHANGED' },
    })
    await ask(under.users.subgraph, person, 'mutation { enableEmailCodes { recoveryCodes } }', {})
    expect(await sendEmailCode(under.users, person.userId)).toBe('SENT')
    expect(await count('mail_allowances')).toBe(allowed + 3)
    // Whoever registers the address that was given up is not the person any more.
    under.clock.advance(1)
    await register(under.users, 'first@example.com')
    expect(await count('registrations')).toBe(2)

    await under.users.erasure.eraseNow('second@example.com')
    expect(await count('registrations')).toBe(1)
    const strangers = 'DELETE FROM users.registrations RETURNING id'
    const [stranger] = await under.database.query<{ id: string }>({ name: 'test_strangers', text: strangers }, [])
    for (const table of ['one_time_tokens', 'outbox'])
      await under.database.query({ name: `test_${table}`, text: `DELETE FROM users.${table} WHERE subject_id = $1` }, [
        stranger?.id,
      ])
    await expect.poll(counts).toEqual(before)
  })

  it('is put on record with the receipts, by the id alone', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    await under.users.erasure.eraseNow(person.userId)
    const text = `SELECT actor_kind, target, outcome, detail FROM users.audit_records WHERE action = 'account.erase'`
    expect(await under.database.query({ name: 'test_erased', text }, [])).toEqual([
      { actor_kind: 'operator', target: person.userId, outcome: 'erased', detail: { sessions: '1', 'api-keys': '1' } },
    ])
    const words = await under.database.query<{ detail: string }>(
      { name: 'test_details', text: 'SELECT detail::text AS detail FROM users.audit_records' },
      [],
    )
    expect(words.map(({ detail }) => detail).join('\n')).not.toMatch(/@|Ada|gone/)
  })

  it('can open an account again, which is another one', async () => {
    const first = await aMember(under.users, 'again@example.com')
    await under.users.erasure.eraseNow('again@example.com')
    const second = await aMember(under.users, 'again@example.com')
    expect(second.userId).not.toBe(first.userId)
    await under.users.erasure.run()
    expect((await check(under.users, 'again@example.com', thePassword)).data).toMatchObject({
      checkPassword: { outcome: 'MATCH', userId: second.userId },
    })
  })

  it('is unknown when there is none such', async () => {
    for (const who of ['nobody@example.com', 'usr_unknown', '', '\u0000', "' OR 1=1 --"])
      expect(await under.users.erasure.eraseNow(who)).toBe('unknown')
    expect(under.holders.sessions.erased).toEqual([])
  })
})

describe('the job', () => {
  it('erases when the window has passed and not a millisecond before, once, on 20 replicas at once', async () => {
    const people = []
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      people.push({ email: `${name}@example.com`, person: await aMember(under.users, `${name}@example.com`) })
    const stays = await aMember(under.users, 'stays@example.com')
    for (const { person, email } of people) await deleteMe(person, email)
    under.clock.advance(30 * dayMs - 1)
    expect(await under.users.erasure.run()).toMatchObject({ erased: 0 })
    under.clock.advance(1)
    const replicas = Array.from({ length: 20 }, () => under.unstarted())
    const runs = await Promise.all(replicas.map(({ erasure }) => erasure.run()))
    expect(runs.reduce((sum, { erased }) => sum + erased, 0)).toBe(5)
    expect([...under.holders.sessions.erased].sort()).toEqual(people.map(({ person }) => person.userId).sort())
    expect((await ledgerOf(under)).map(({ accountId }) => accountId).sort()).toEqual(
      people.map(({ person }) => person.userId).sort(),
    )
    expect(await whereIs(under, stays.userId)).toContain('accounts')
  })

  it('erases nothing here while another holder gives no receipt, and finishes when it does', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    await deleteMe(person, 'gone@example.com')
    under.clock.advance(30 * dayMs)
    under.holders['api-keys'].state = 'away'
    expect(await under.users.erasure.run()).toMatchObject({ erased: 0 })
    expect(await whereIs(under, person.userId)).toContain('accounts')
    under.holders['api-keys'].state = 'well'
    expect(await under.users.erasure.run()).toMatchObject({ erased: 0 })
    under.clock.advance(5 * minuteMs + 1)
    expect(await under.users.erasure.run()).toMatchObject({ erased: 1 })
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
  })

  it('cut off between two steps is finished by the next run of another replica', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    await deleteMe(person, 'gone@example.com')
    under.clock.advance(30 * dayMs)
    const dying = under.unstarted({
      database: {
        ...under.database,
        query: (statement, values) =>
          statement.name === 'users_erasure_erase'
            ? Promise.reject(new Error('the process was killed'))
            : under.database.query(statement, values),
      },
    })
    expect(await dying.erasure.run()).toMatchObject({ erased: 0 })
    expect(under.holders.sessions.erased).toEqual([person.userId])
    under.clock.advance(5 * minuteMs + 1)
    expect(await under.users.erasure.run()).toMatchObject({ erased: 1 })
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
  })

  it('erases once more, ten minutes later, what was still under way the first time', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    await under.users.erasure.eraseNow(person.userId)
    // Read before the erasure, written after it.
    await under.records.putGrants({ userId: person.userId, epoch: 1, active: true, roles: ['user'], scopes: [] })
    const late = `INSERT INTO users.outbox (ref, kind, subject_id, payload, created_at, available_at, delivered_at)
      VALUES ('late', 'mail', $1, 'sealed', now(), now(), now())`
    await under.database.query({ name: 'test_late', text: late }, [person.userId])
    expect(await under.users.erasure.run()).toEqual({ erased: 0, settled: 0 })
    under.clock.advance(10 * minuteMs)
    expect(await under.users.erasure.run()).toEqual({ erased: 0, settled: 1 })
    expect(await under.records.grants(person.userId)).toBeNull()
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
    expect(under.holders.sessions.erased).toEqual([person.userId, person.userId])
    expect(await under.users.erasure.run()).toEqual({ erased: 0, settled: 0 })
  })

  it('races with signing in: whoever signs in meanwhile is refused or erased, and nothing is found afterwards', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    under.holders.sessions.meanwhile = () => check(under.users, 'gone@example.com', thePassword)
    const checks = Array.from({ length: 10 }, () => check(under.users, 'gone@example.com', thePassword))
    const [outcome] = await Promise.all([under.users.erasure.eraseNow('gone@example.com'), ...checks])
    expect(outcome).toBe('erased')
    const after = await check(under.users, 'gone@example.com', thePassword)
    expect(after.data).toMatchObject({ checkPassword: { outcome: 'NO_MATCH' } })
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
  })

  it('lets the person begin nothing after the grants are told: they are inactive before anything is erased', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    const seen: unknown[] = []
    under.holders.sessions.meanwhile = async () => {
      seen.push(await under.records.grants(person.userId))
      seen.push((await check(under.users, 'gone@example.com', thePassword)).data)
    }
    await under.users.erasure.eraseNow('gone@example.com')
    expect(seen).toMatchObject([{ active: false, sessionEpoch: 1 }, { checkPassword: { outcome: 'NO_MATCH' } }])
  })
})

describe('what was written to an address before its account was opened', () => {
  it('goes with the account', async () => {
    await register(under.users, 'eager@example.com')
    await register(under.users, 'eager@example.com')
    const mails = await mailsTo(under.users, 'eager@example.com', 2)
    await verify(under.users, tokenIn(mails[1]?.text))
    expect((await under.users.mail?.mails('eager@example.com'))?.length).toBe(2)
    await under.users.erasure.eraseNow('eager@example.com')
    expect(await under.users.mail?.mails('eager@example.com')).toEqual([])
    expect([await count('outbox'), await count('registrations'), await count('one_time_tokens')]).toEqual([0, 0, 0])
  })
})

it('cannot be asked for through the graph by anybody', async () => {
  const sdl = await ask(under.users.subgraph, anonymous, '{ __schema { mutationType { fields { name } } } }', {})
  const names = field<{ mutationType: { fields: { name: string }[] } }>(sdl.data, '__schema').mutationType.fields
  expect(names.map(({ name }) => name)).not.toContain('eraseUser')
  const { errors } = await ask(
    under.users.subgraph,
    aUser(),
    'mutation { eraseUser(userId: "usr_ada") { holder } }',
    {},
  )
  expect(errors?.[0]?.message).toMatch(/Cannot query field "eraseUser"/)
})
