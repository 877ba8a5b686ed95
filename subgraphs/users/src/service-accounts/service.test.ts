import type { UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  anAdministrator,
  asNow,
  grantsOf,
  mutate,
  recorded,
  restore,
} from '../administration/administration.fixture.ts'
import { aMember, mailsTo, startUsers, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
let root: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  root = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

const create = (input: Record<string, unknown> = {}, by = root) =>
  mutate(under.users, by, 'createServiceAccount', { name: 'Nightly', ...input }, 'account { id }')
const made = async (input: Record<string, unknown> = {}) =>
  ((await create(input)).given as { account: { id: string } }).account.id
const update = (input: Record<string, unknown>, by = root) =>
  mutate(under.users, by, 'updateServiceAccount', input, 'account { id displayName serviceAccount { description } }')
const shown = 'id email emailVerified displayName roles status serviceAccount { description responsible { id } }'
const asked = async (id: string) =>
  (await ask(under.users.subgraph, root, `query ($id: ID!) { user(id: $id) { ${shown} } }`, { id })).data?.user
const listed = async (field: 'users' | 'serviceAccounts') => {
  const query = `{ list: ${field}(first: 100) { edges { node { id } } } }`
  const { data } = await ask(under.users.subgraph, root, query)
  return (data?.list as { edges: { node: { id: string } }[] } | undefined)?.edges.map(({ node }) => node.id) ?? []
}

describe('a service account', () => {
  it('has a name, a description, roles and who answers for it, and neither address nor confirmation', async () => {
    const id = await made({ description: 'Closes the books.\nEvery night.' })
    expect(id).toMatch(/^svc_/)
    expect(await asked(id)).toEqual({
      ...{ id, email: null, emailVerified: null, displayName: 'Nightly', roles: ['user'], status: 'ACTIVE' },
      serviceAccount: { description: 'Closes the books.\nEvery night.', responsible: [{ id: root.userId }] },
    })
  })

  it('is listed apart from people', async () => {
    const id = await made()
    const [people, services] = [await listed('users'), await listed('serviceAccounts')]
    expect([people.includes(id), people.includes(root.userId)]).toEqual([false, true])
    expect([services.includes(id), services.includes(root.userId)]).toEqual([true, false])
  })

  it('has a page of its own, whose cursors lead through no other list', async () => {
    await made()
    await made()
    const query = (list: string, after?: string) =>
      ask(
        under.users.subgraph,
        root,
        `query ($after: String) { ${list}(first: 1, after: $after) { edges { cursor node { id } } } }`,
        { after },
      )
    const first = (await query('serviceAccounts')).data?.serviceAccounts as {
      edges: { cursor: string; node: { id: string } }[]
    }
    const next = (await query('serviceAccounts', first.edges[0]?.cursor)).data?.serviceAccounts as typeof first
    expect(next.edges[0]?.node.id).not.toBe(first.edges[0]?.node.id)
    expect((await query('users', first.edges[0]?.cursor)).errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT')
  })

  it('is what `me` answers to its keys', async () => {
    const id = await made()
    const key = anApiKey({ ownerId: id, scopes: ['profile:read'] })
    const { data } = await ask(
      under.users.subgraph,
      key,
      '{ me { id displayName email serviceAccount { description } } }',
    )
    expect(data).toEqual({ me: { id, displayName: 'Nightly', email: null, serviceAccount: { description: '' } } })
  })

  it('leaves its name and description readable nowhere in the database', async () => {
    await made({ name: 'Conspicuous', description: 'Conspicuous too' })
    const text = {
      name: 'test_service_rows',
      text: `SELECT (SELECT string_agg(a::text, '') FROM users.accounts a)
        || (SELECT string_agg(s::text, '') FROM users.service_accounts s)
        || (SELECT string_agg(r::text, '') FROM users.audit_records r) AS rows`,
    }
    const [row] = await under.database.query<{ rows: string }>(text, [])
    expect(row?.rows).not.toContain('Conspicuous')
  })
})

describe('making one', () => {
  it('names every member that is wrong', async () => {
    const { error } = await create({ name: ' ', description: 'x'.repeat(501), roles: ['nothing'], responsible: [] })
    expect(error?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: {
        'input.name': 'must be 1 to 80 printable characters',
        'input.description': 'must be at most 500 printable characters',
        'input.roles': 'must be names of roles that exist, at most 50',
        'input.responsible': 'must name 1 to 10 people by the ids of their accounts',
      },
    })
  })

  it('takes only people who can be written to as those who answer for it', async () => {
    const [service, gone] = [await made(), await aMember(under.users, 'gone@example.com')]
    await mutate(under.users, root, 'suspendUser', { id: gone.userId, reason: 'left' })
    for (const responsible of [[service], [gone.userId], ['usr_unknown'], ["' OR 1=1 --"]])
      expect((await create({ responsible })).code, responsible[0]).toBe('BAD_USER_INPUT')
  })

  it('gives nobody more than they hold', async () => {
    const helper = { ...(await aMember(under.users, 'helper@example.com')), scopes: ['users:write', 'profile:read'] }
    expect((await create({ roles: ['user', 'admin'] }, helper)).code).toBe('FORBIDDEN')
    expect((await create({}, helper)).code).toBeUndefined()
    const strong = await made({ roles: ['admin'] })
    expect((await update({ id: strong, name: 'Mine' }, helper)).code).toBe('FORBIDDEN')
  })

  it('refuses a role that asks for a second factor, at once and afterwards', async () => {
    const role = { name: 'careful', description: 'x', scopes: ['users:read'], secondFactorWithinDays: 3 }
    await mutate(under.users, root, 'createRole', role)
    await mutate(under.users, root, 'createRole', { name: 'wider', description: 'x', includes: ['careful'] })
    const by = await asNow(under, root)
    for (const name of ['careful', 'wider']) {
      expect((await create({ roles: [name] }, by)).code).toBe('BAD_USER_INPUT')
      expect((await mutate(under.users, by, 'grantRole', { userId: await made(), role: name })).code).toBe(
        'BAD_USER_INPUT',
      )
    }
  })

  it('is on record', async () => {
    const id = await made()
    const text = {
      name: 'test_records',
      text: 'SELECT action, actor_id AS actor FROM users.audit_records WHERE target = $1',
    }
    expect(await under.database.query(text, [id])).toEqual([{ action: 'service-account.create', actor: root.userId }])
  })
})

describe('changing one', () => {
  it('changes what is said and leaves the rest', async () => {
    const ada = await aMember(under.users, 'ada@example.com')
    const id = await made({ description: 'before' })
    expect((await update({ id, name: 'Renamed' })).given).toEqual({
      account: { id, displayName: 'Renamed', serviceAccount: { description: 'before' } },
    })
    await update({ id, description: 'after', responsible: [ada.userId] })
    expect(await asked(id)).toMatchObject({
      displayName: 'Renamed',
      serviceAccount: { description: 'after', responsible: [{ id: ada.userId }] },
    })
  })

  it('finds neither people nor what was deleted', async () => {
    const id = await made()
    await mutate(under.users, root, 'deleteUser', { id })
    for (const other of [id, root.userId, 'svc_unknown', 'svc_\u0000'])
      expect((await update({ id: other, name: 'x' })).code, other).toBe('NOT_FOUND')
  })
})

describe('the operations on accounts', () => {
  it('suspend, restore and demote it, and every process knows when they answer', async () => {
    const id = await made({ roles: ['user', 'admin'] })
    expect(await recorded(under, id)).toMatchObject({ active: true, roles: ['admin', 'user'] })
    await mutate(under.users, root, 'suspendUser', { id, reason: 'looks odd' })
    expect(await recorded(under, id)).toMatchObject({ active: false })
    expect(await restore(under.users, root, id)).toBe('ok')
    await mutate(under.users, root, 'revokeRole', { userId: id, role: 'admin' })
    expect(await recorded(under, id)).toMatchObject({ active: true, roles: ['user'] })
  })

  it('tell everyone who answers for it and can be reached, each in their language, and nobody else', async () => {
    const english = await aMember(under.users, 'english@example.com')
    const german = await aMember(under.users, 'german@example.com', { locale: 'de' })
    const stopped = await aMember(under.users, 'stopped@example.com')
    const id = await made({ name: 'Payroll', responsible: [english, german, stopped].map(({ userId }) => userId) })
    await mutate(under.users, root, 'suspendUser', { id: stopped.userId, reason: 'x' })
    await mutate(under.users, root, 'suspendUser', { id, reason: 'the key leaked', until: '2031-01-15T09:30:00.000Z' })
    await restore(under.users, root, id)
    await mutate(under.users, root, 'deleteUser', { id })
    const mails = (await mailsTo(under.users, 'english@example.com', 4)).slice(1)
    expect(mails.map(({ subject }) => subject)).toEqual([
      'The service account “Payroll” was suspended',
      'The service account “Payroll” was restored',
      'The service account “Payroll” was deleted',
    ])
    expect(mails[0]?.text).toContain('until 2031-01-15 09:30 UTC')
    expect(mails[0]?.text).not.toContain('the key leaked')
    expect((await mailsTo(under.users, 'german@example.com', 4))[1]?.subject).toBe(
      'Das Dienstkonto „Payroll“ ist ausgesetzt',
    )
    expect((await mailsTo(under.users, 'stopped@example.com', 2)).at(-1)?.subject).toBe('Your account was suspended')
  })

  it('erase it like any other, and those who answered for it stay', async () => {
    const id = await made()
    await under.users.erasure.eraseNow(id)
    expect(await asked(id)).toBeNull()
    expect(under.holders['api-keys'].erased.includes(id)).toBe(true)
    expect((await grantsOf(under.users, root.userId)).active).toBe(true)
  })

  it('erase a person, and the service accounts they answered for stay', async () => {
    const leaver = await aMember(under.users, 'leaver@example.com')
    const id = await made({ responsible: [leaver.userId, root.userId] })
    await under.users.erasure.eraseNow(leaver.userId)
    expect(await asked(id)).toMatchObject({ serviceAccount: { responsible: [{ id: root.userId }] } })
  })

  it('do not count it as the administrator who is left', async () => {
    const alone = await startUsers()
    const only = await anAdministrator(alone, 'only@example.com')
    await mutate(alone.users, only, 'createServiceAccount', { name: 'robot', roles: ['admin'] })
    const left = await mutate(alone.users, only, 'revokeRole', { userId: only.userId, role: 'admin' })
    expect(left.code).toBe('CONFLICT')
    await alone.close()
  })

  it('do not carry it off in a file of people', async () => {
    const id = await made({ name: 'Stays here' })
    const lines: string[] = []
    for await (const line of under.users.exportUsers('without-hashes')) lines.push(line)
    expect(lines.some((line) => line.includes(root.userId))).toBe(true)
    expect(lines.some((line) => line.includes(id) || line.includes('Stays here'))).toBe(false)
  })

  it('let no staff act in its place', async () => {
    const input = { userId: await made(), staffId: root.userId, write: false }
    const query = 'mutation ($input: NoteImpersonationInput!) { noteImpersonation(input: $input) { outcome } }'
    const { data } = await ask(under.users.subgraph, aService('sessions'), query, { input })
    expect(data).toEqual({ noteImpersonation: { outcome: 'UNKNOWN' } })
  })
})
