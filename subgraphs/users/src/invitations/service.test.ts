import type { UserPrincipal } from '@latchkey/principal'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, asNow, grantsOf, mutate } from '../administration/administration.fixture.ts'
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
let root: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  root = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

const create = (email: string, more: Record<string, unknown> = {}, by = root) =>
  mutate(
    under.users,
    by,
    'createUser',
    { email, displayName: 'New', ...more },
    'user { id email emailVerified externalId roles }',
  )
const idOf = (given: Record<string, unknown> | null) => (given?.user as { id: string } | undefined)?.id ?? ''
const resend = async (id: string) =>
  (await ask(under.users.subgraph, root, 'mutation ($id: ID!) { resendInvitation(id: $id) { outcome } }', { id })).data
    ?.resendInvitation

const tokens = (subjectId: string) =>
  under.database.prisma.oneTimeToken.findMany({ where: { subjectId }, orderBy: { createdAt: 'asc' } })

describe('createUser', () => {
  it('opens an account that nobody can use, and invites the person to it', async () => {
    const { given, code } = await create('New@Example.com', { externalId: 'crm-1' })
    expect(code).toBeUndefined()
    expect(given).toEqual({
      user: { id: idOf(given), email: 'New@Example.com', emailVerified: false, externalId: 'crm-1', roles: ['user'] },
    })
    const [mail] = await mailsTo(under.users, 'New@Example.com')
    expect(mail?.text).toMatch(/http:\/\/localhost:4000\/accept-invitation\?token=[\w-]{43}\n/)
    expect((await tokens(idOf(given))).map(({ purpose, consumedAt }) => [purpose, consumedAt])).toEqual([
      ['invitation', null],
    ])
    expect((await check(under.users, 'new@example.com', '')).data).toMatchObject({
      checkPassword: { outcome: 'NO_MATCH' },
    })
    expect(await grantsOf(under.users, idOf(given))).toMatchObject({ active: true, roles: ['user'] })
  })

  it('sends a token that serves no other purpose', async () => {
    await create('purpose@example.com')
    const [mail] = await mailsTo(under.users, 'purpose@example.com')
    expect((await verify(under.users, tokenIn(mail?.text))).data).toEqual({ verifyEmail: { outcome: 'REFUSED' } })
  })

  it('says which of them is taken, address or external id, whoever has it', async () => {
    await aMember(under.users, 'taken@example.com')
    expect((await create('TAKEN@example.com')).error?.message).toMatch(/address/)
    await create('first@example.com', { externalId: 'same' })
    expect((await create('second@example.com', { externalId: 'same' })).error?.message).toMatch(/external id/)
  })

  it('opens one account for an address, however many ask at once and on whichever replica', async () => {
    const other = under.replica()
    const input = { email: 'race@example.com', displayName: 'Race', externalId: 'race' }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => mutate(index % 2 ? other : under.users, root, 'createUser', input)),
    )
    const codes = answers.map(({ code }) => code ?? 'ok')
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
    expect(codes.filter((code) => code === 'CONFLICT')).toHaveLength(39)
    expect(await mailsTo(under.users, 'race@example.com')).toHaveLength(1)
  })

  it('wins over a registration that waits: the address is taken when that one is confirmed', async () => {
    await register(under.users, 'waits@example.com')
    const [mail] = await mailsTo(under.users, 'waits@example.com')
    expect((await create('waits@example.com')).code).toBeUndefined()
    expect((await verify(under.users, tokenIn(mail?.text))).data).toEqual({ verifyEmail: { outcome: 'REFUSED' } })
  })

  it('gives no role that permits what the administrator does not hold', async () => {
    const helper = await aMember(under.users, 'helper@example.com')
    await mutate(under.users, root, 'createRole', {
      name: 'helper',
      description: 'x',
      scopes: ['users:write', 'users:read'],
    })
    await mutate(under.users, root, 'grantRole', { userId: helper.userId, role: 'helper' })
    const by = await asNow(under, helper)
    expect((await create('admin2@example.com', { roles: ['admin'] }, by)).code).toBe('FORBIDDEN')
    const { given } = await create('helper2@example.com', { roles: ['helper'] }, by)
    expect((await grantsOf(under.users, idOf(given))).roles).toEqual(['helper', 'user'])
  })

  it('names every wrong field at once, and no password is among the fields', async () => {
    const { error } = await create('nobody', { displayName: '', roles: ['none'], externalId: 'x'.repeat(129) })
    const fields = Object.keys((error?.extensions?.fields ?? {}) as object)
    expect(fields).toEqual(['input.email', 'input.displayName', 'input.roles', 'input.externalId'])
    expect((await create('pw@example.com', { password: 'correct horse battery staple' })).error?.message).toMatch(
      /password/,
    )
  })

  it('leaves neither address nor external id readable in the database', async () => {
    await create('hidden.person@example.com', { externalId: 'hidden-external' })
    const rows = {
      name: 'test_all_rows',
      text: `SELECT (SELECT string_agg(a::text, '') FROM users.accounts a)
      || (SELECT string_agg(i::text, '') FROM users.identifiers i) || (SELECT string_agg(o::text, '') FROM users.outbox o)
      || (SELECT string_agg(r::text, '') FROM users.audit_records r) AS rows`,
    }
    const [row] = await under.database.query<{ rows: string }>(rows, [])
    expect(row?.rows).not.toMatch(/hidden.person|hidden-external/i)
  })
})

describe('resendInvitation', () => {
  it('makes the earlier invitation void, ten times in a day', async () => {
    const { given } = await create('again@example.com')
    for (let sent = 2; sent <= 10; sent++) expect(await resend(idOf(given))).toEqual({ outcome: 'SENT' })
    expect(await resend(idOf(given))).toEqual({ outcome: 'WITHHELD' })
    expect((await tokens(idOf(given))).filter(({ consumedAt }) => consumedAt === null)).toHaveLength(1)
    under.clock.advance(86_400_000)
    expect(await resend(idOf(given))).toEqual({ outcome: 'SENT' })
  })

  it('is not sent to somebody who has an account already, nor for one that is suspended', async () => {
    const { userId } = await aMember(under.users, 'member@example.com')
    expect(await resend(userId)).toEqual({ outcome: 'ACCEPTED_ALREADY' })
    const { given } = await create('suspended@example.com')
    await mutate(under.users, root, 'suspendUser', { id: idOf(given), reason: 'x' })
    expect(await resend(idOf(given))).toBeNull()
  })
})
