import { aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, mailsTo, startUsers, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
let quiet: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
  quiet = await startUsers({ impersonationNotice: 'none' })
})
afterAll(async () => {
  await under.close()
  await quiet.close()
})

const operation =
  'mutation ($input: NoteImpersonationInput!) { noteImpersonation(input: $input) { outcome sessionEpoch } }'
const note = (userId: string, { users } = under, principal = aService('sessions'), write = false) =>
  ask(users.subgraph, principal, operation, { input: { userId, staffId: 'usr_staff', write } })
const outcomeOf = async (userId: string) =>
  ((await note(userId)).data?.noteImpersonation as { outcome: string } | undefined)?.outcome
const run = (text: string, ...values: unknown[]) =>
  under.database.query({ name: `test_${text.slice(-50)}`, text }, values)

describe('an impersonation', () => {
  it('is told to the person by mail, is among their security events, and is on record with both names', async () => {
    const ada = await aMember(under.users, 'ada@example.com')
    expect((await note(ada.userId)).data).toEqual({ noteImpersonation: { outcome: 'NOTED', sessionEpoch: 0 } })
    const mail = (await mailsTo(under.users, 'ada@example.com', 2)).at(-1)
    expect([mail?.subject, mail?.text]).toEqual([
      'Support opened your account',
      expect.stringContaining('change nothing'),
    ])
    const { data } = await ask(
      under.users.subgraph,
      ada,
      '{ me { securityEvents { nodes { kind by device network } } } }',
    )
    const event = { kind: 'IMPERSONATED', by: 'ADMINISTRATOR', device: null, network: null }
    expect(data).toMatchObject({ me: { securityEvents: { nodes: expect.arrayContaining([event]) } } })
    const [record] = await run(
      `SELECT actor_kind, actor_id, on_behalf_of, outcome FROM users.audit_records WHERE action = 'sign-in.impersonate'`,
    )
    const both = { actor_id: 'usr_staff', on_behalf_of: ada.userId }
    expect(record).toEqual({ actor_kind: 'user', ...both, outcome: 'to look' })
    await note(ada.userId, under, aService('sessions'), true)
    expect((await mailsTo(under.users, 'ada@example.com', 3)).at(-1)?.text).toContain('to change something')
  })

  it('is not told by mail where that is switched off', async () => {
    const eve = await aMember(quiet.users, 'eve@example.com')
    expect((await note(eve.userId, quiet)).data).toMatchObject({ noteImpersonation: { outcome: 'NOTED' } })
    const waiting = await quiet.database.query<{ count: number }>(
      { name: 'test_mails', text: "SELECT count(*)::int AS count FROM users.outbox WHERE kind = 'mail'" },
      [],
    )
    expect(waiting).toEqual([{ count: 1 }])
  })

  it('is of nobody who administers, also while a role of theirs permits nothing for want of a second factor', async () => {
    const boss = await aMember(under.users, 'boss@example.com')
    await under.users.grantRole('boss@example.com', 'admin')
    expect(await outcomeOf(boss.userId)).toBe('ADMINISTERS')
    await run(`UPDATE users.roles SET second_factor_grace_days = 0 WHERE name = 'admin'`)
    expect(await outcomeOf(boss.userId)).toBe('ADMINISTERS')
  })

  it.each(['usr_unknown', '', 'usr_\u0000'])('is of nobody who is unknown (%j)', async (userId) => {
    expect(await outcomeOf(userId)).toBe('UNKNOWN')
  })

  it('is of nobody whose account cannot act', async () => {
    const { userId } = await aMember(under.users, 'suspended@example.com')
    await run(`UPDATE users.accounts SET status = 'suspended' WHERE id = $1`, userId)
    expect(await outcomeOf(userId)).toBe('UNKNOWN')
  })

  it('is for Sessions alone to note', async () => {
    const { userId } = await aMember(under.users, 'target@example.com')
    for (const principal of [aService('gateway'), aUser({ userId, scopes: ['sessions:impersonate'] })])
      expect((await note(userId, under, principal as never)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
  })
})

describe('a change in somebody’s place', () => {
  it('is on record with both names, and not as theirs', async () => {
    const ada = await aMember(under.users, 'changed@example.com')
    const acting = { ...ada, act: { sub: 'usr_staff', write: true } }
    const change = 'mutation { updateProfile(input: { displayName: "Ada L.", version: 1 }) { user { displayName } } }'
    expect((await ask(under.users.subgraph, acting, change)).errors).toBeUndefined()
    const [record] = await run(`SELECT actor_id, on_behalf_of FROM users.audit_records WHERE action = 'profile.update'`)
    expect(record).toEqual({ actor_id: 'usr_staff', on_behalf_of: ada.userId })
    const { data } = await ask(under.users.subgraph, ada, '{ me { securityEvents { nodes { kind by } } } }')
    expect(JSON.stringify(data)).toContain('{"kind":"PROFILE_CHANGED","by":"ADMINISTRATOR"}')
  })

  it('of a credential is refused, whatever is held: by the schema, which asks for a proof that nobody can give for another', async () => {
    const ada = await aMember(under.users, 'closed@example.com')
    const acting = { ...ada, acr: 'aal2' as const, act: { sub: 'usr_staff', write: true } }
    const mutations = [
      'changePassword(input: { currentPassword: "x", newPassword: "y" }) { outcome }',
      'requestEmailChange(input: { newEmail: "x@example.com" }) { outcome }',
      ...['enrolTotp', 'regenerateRecoveryCodes', 'startPasskeyEnrolment', 'enableEmailCodes', 'disableEmailCodes'],
      ...['confirmTotp(input: { code: "1" })', 'removeTotp(input: { code: "1" })', 'removePasskey(id: "x")'],
      'deleteMe(input: { email: "closed@example.com" }) { eraseAt }',
      'requestDataExport { dataExport { id } }',
    ].map((mutation) => (mutation.endsWith('}') ? mutation : `${mutation} { __typename }`))
    for (const mutation of mutations) {
      const { errors } = await ask(under.users.subgraph, acting, `mutation { ${mutation} }`)
      expect([mutation, errors?.map(({ extensions }) => extensions?.code)]).toEqual([mutation, ['FORBIDDEN']])
    }
    const exports = await ask(under.users.subgraph, acting, '{ me { dataExports { document } } }')
    expect(exports.errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
  })
})
