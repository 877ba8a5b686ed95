import { hourMs, secondMs } from '@latchkey/clock'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, mutate, restore } from '../administration/administration.fixture.ts'
import { aMember, field, mailsTo, startUsers, thePassword, type UsersUnderTest, until } from '../application.fixture.ts'
import { fillProfile } from '../own-account.fixture.ts'
import { anAuthenticator } from '../passkeys/authenticator.fixture.ts'
import { finishPasskey, startPasskey, withTotp } from '../second-factors/factors.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

let people = 0
const aPerson = async () => {
  const email = `curious${people++}@example.com`
  return { email, person: await aMember(under.users, email, { displayName: 'Curious Person' }) }
}

interface Shown {
  readonly id: string
  readonly readyAt: string | null
  readonly expiresAt: string
  readonly document: string | null
}

const fields = 'id readyAt expiresAt document'
const request = (principal: Principal, users = under.users) =>
  ask(users.subgraph, principal, 'mutation { requestDataExport { dataExport { id } } }', {})
const requestedId = (answer: Awaited<ReturnType<typeof request>>) =>
  field<{ dataExport: { id: string } }>(answer.data, 'requestDataExport').dataExport.id
const exportsOf = (principal: Principal, userId: string, users = under.users) =>
  ask(
    users.subgraph,
    principal,
    `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { dataExports { ${fields} } } } }`,
    { id: userId },
  )
const shownTo = async (person: UserPrincipal): Promise<readonly Shown[]> => {
  const [user] = field<{ dataExports: Shown[] }[]>((await exportsOf(person, person.userId)).data, '_entities')
  return user?.dataExports ?? expect.fail('no exports')
}
const ready = async (person: UserPrincipal): Promise<Shown> => {
  await until(async () => (await shownTo(person))[0]?.readyAt != null)
  return (await shownTo(person))[0] ?? expect.fail()
}
const codes = (answer: Awaited<ReturnType<typeof request>>) => answer.errors?.map(({ extensions }) => extensions?.code)
const recordsOf = async ({ userId }: UserPrincipal, action: string) =>
  under.database.query(
    { name: 'test_export_records', text: 'SELECT id FROM users.audit_records WHERE target = $1 AND action = $2' },
    [userId, action],
  )

describe('a data export', () => {
  it('holds what every holder keeps of the person, in words they can read, and no secret', async () => {
    const { email, person } = await aPerson()
    const id = requestedId(await request(person))
    const shown = await ready(person)
    expect(shown.id).toBe(id)
    const document = JSON.parse(shown.document ?? '')
    expect(document).toMatchObject({
      accountId: person.userId,
      users: { account: { id: person.userId, email, display_name: 'Curious Person' }, roles: [{ role: 'user' }] },
      sessions: { of: person.userId, things: ['a thing of sessions'] },
      'api-keys': { of: person.userId, things: ['a thing of api-keys'] },
    })
    expect(document.users.events.map(({ action }: { action: string }) => action)).toContain('account.open')
    expect(shown.document).not.toContain(thePassword)
    expect(shown.document).not.toMatch(/argon2|sealed|pepper|"mac"|token/i)
  })

  it('holds what each feature keeps: profile, metadata, names, and which second factors there are', async () => {
    const { person } = await aPerson()
    await fillProfile(under.users, person)
    const administrator = await anAdministrator(under, `root${people++}@example.com`)
    const described = { id: person.userId, version: 3, externalId: 'Heron-7' }
    await mutate(under.users, administrator, 'updateUser', described)
    const { secret, recoveryCodes } = await withTotp(under.users, person, under.clock.now())
    const authenticator = anAuthenticator()
    const response = authenticator.create(await startPasskey(under.users, person))
    await finishPasskey(under.users, person, response, 'the key on the ring')
    await ask(under.users.subgraph, person, 'mutation { enableEmailCodes { recoveryCodes } }', {})
    await mutate(under.users, administrator, 'suspendUser', { id: person.userId, reason: 'is away' })
    await restore(under.users, administrator, person.userId)
    await request(person)
    const shown = await ready(person)
    const { account, secondFactors, events } = JSON.parse(shown.document ?? '').users
    expect(account).toMatchObject({
      username: expect.stringMatching(/^name-/),
      profile: { givenName: 'Ada', familyName: 'Lovelace', birthdate: '1915-12-10' },
      ...{ public_metadata: { a: 1 }, private_metadata: { a: 1 }, admin_metadata: { a: 1 }, external_id: 'Heron-7' },
      ...{ status: 'active', suspended_reason: null },
    })
    expect(secondFactors).toMatchObject({
      authenticatorApp: { confirmedAt: expect.any(String) },
      recoveryCodes: { made: 10, used: 0 },
      emailCodes: true,
      passkeys: [{ id: authenticator.id, name: 'the key on the ring', signCountAlarmAt: null }],
    })
    const actions = events.map(({ action }: { action: string }) => action)
    expect(actions).toEqual(expect.arrayContaining(['account.suspend', 'account.restore', 'profile.update']))
    for (const hidden of [secret, ...recoveryCodes]) expect(shown.document).not.toContain(hidden)
  })

  it('is told by mail when it is ready, and the mail holds nothing of it', async () => {
    const { email, person } = await aPerson()
    await request(person)
    const mail = (await mailsTo(under.users, email, 2)).at(-1)
    expect(mail?.subject).toBe('Your data is ready')
    expect(mail?.text).not.toContain(person.userId)
  })

  it('is one for a day, however often it is asked for on two replicas at once', async () => {
    const { person } = await aPerson()
    const other = under.replica()
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => request(person, at % 2 ? other : under.users)),
    )
    expect(new Set(answers.map(requestedId)).size).toBe(1)
    const { id } = await ready(person)
    expect(requestedId(await request(person))).toBe(id)
    expect(await recordsOf(person, 'data-export.request')).toHaveLength(1)
    under.clock.advance(24 * hourMs)
    const next = requestedId(await request(person))
    expect(next).not.toBe(id)
    expect((await ready(person)).id).toBe(next)
  })

  it('can be fetched for 24 hours, by the person alone in a fresh session, and each reading is on record', async () => {
    const { person } = await aPerson()
    await request(person)
    await ready(person)
    const readings = (await recordsOf(person, 'data-export.read')).length
    await shownTo(person)
    expect(await recordsOf(person, 'data-export.read')).toHaveLength(readings + 1)
    const at = Math.floor(under.clock.now().getTime() / secondMs)
    const refused: [Principal, string][] = [
      [{ ...person, authTime: at - 601 }, 'STEP_UP_REQUIRED'],
      [aUser({ userId: 'usr_eve' }), 'NOT_FOUND'],
      [aUser({ userId: 'usr_root', roles: ['admin'], scopes: ['users:read', 'users:write'] }), 'NOT_FOUND'],
      [anApiKey({ ownerId: person.userId, scopes: person.scopes }), 'FORBIDDEN'],
      [aService('users'), 'FORBIDDEN'],
      [aService('gateway'), 'FORBIDDEN'],
      [anonymous, 'UNAUTHENTICATED'],
    ]
    for (const [principal, code] of refused) expect(codes(await exportsOf(principal, person.userId))?.[0]).toBe(code)
    expect(await recordsOf(person, 'data-export.read')).toHaveLength(readings + 1)
    under.clock.advance(24 * hourMs)
    expect(await shownTo({ ...person, authTime: at + 24 * 3_600 })).toEqual([])
  })

  it('is asked for by a person in a fresh session only', async () => {
    const { person } = await aPerson()
    const at = Math.floor(under.clock.now().getTime() / secondMs)
    const refused: [Principal, string][] = [
      [{ ...person, authTime: at - 601 }, 'STEP_UP_REQUIRED'],
      [anApiKey({ ownerId: person.userId, scopes: person.scopes }), 'FORBIDDEN'],
      [aService('users'), 'FORBIDDEN'],
      [anonymous, 'UNAUTHENTICATED'],
      [aUser({ userId: 'usr_nobody' }), 'NOT_FOUND'],
    ]
    for (const [principal, code] of refused) expect(codes(await request(principal))).toEqual([code])
  })

  it('waits, whole or not at all, for a holder that is away', async () => {
    const { person } = await aPerson()
    under.holders.sessions.state = 'away'
    await request(person)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await shownTo(person)).toMatchObject([{ readyAt: null, document: null }])
    under.holders.sessions.state = 'well'
    under.clock.advance(hourMs)
    expect(JSON.parse((await ready(person)).document ?? '{}')).toHaveProperty('sessions')
  })

  it('cannot be read from a dump, and is gone with the person', async () => {
    const { email, person } = await aPerson()
    await request(person)
    await ready(person)
    const text = 'SELECT to_jsonb(e)::text AS row FROM users.data_exports e WHERE account_id = $1'
    const rows = () => under.database.query<{ row: string }>({ name: 'test_export_row', text }, [person.userId])
    expect((await rows())[0]?.row).not.toMatch(/Curious|@/)
    await under.users.erasure.eraseNow(email)
    expect(await rows()).toEqual([])
  })
})
