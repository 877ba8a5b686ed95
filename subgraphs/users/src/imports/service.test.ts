import type { UserPrincipal } from '@latchkey/principal'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, asNow, grantsOf, mutate } from '../administration/administration.fixture.ts'
import { aMember, startUsers, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
let root: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  root = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

const bcrypt = '$2b$04$JDYhmWWRs1jBPUXYJ0EKW.8GVOQXe2mTbd5SENAO8Bk4vO7r0QeUS'

const aRow = (name: string, more: Record<string, unknown> = {}) => ({
  externalId: `crm-${name}`,
  email: `${name}@example.com`,
  emailVerified: true,
  displayName: name,
  ...more,
})

interface Imported {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly refused: number
  readonly rows: readonly {
    readonly line: number
    readonly outcome: string
    readonly user: { readonly id: string } | null
    readonly reasons: readonly { readonly field: string; readonly reason: string }[]
  }[]
}

async function importText(ndjson: string, mode = 'APPLY', by = root) {
  const selection = 'created updated unchanged refused rows { line outcome user { id } reasons { field reason } }'
  const { given, code, error } = await mutate(under.users, by, 'importUsers', { ndjson, mode }, selection)
  return { imported: given as Imported | null, code, error }
}

async function importRows(rows: readonly object[], mode = 'APPLY', by = root): Promise<Imported> {
  const { imported } = await importText(rows.map((row) => JSON.stringify(row)).join('\n'), mode, by)
  return imported ?? expect.fail('it was not imported')
}

const read = async (id: string) =>
  (
    await ask(
      under.users.subgraph,
      root,
      'query ($id: ID!) { user(id: $id) { email emailVerified displayName externalId roles createdAt } }',
      { id },
    )
  ).data?.user

const counts = ({ created, updated, unchanged, refused }: Imported) => [created, updated, unchanged, refused]
const fieldsOf = ({ rows }: Imported) => rows.map(({ reasons }) => reasons.map(({ field }) => field))

describe('importUsers', () => {
  it('opens accounts as they were, and twice the same changes nothing', async () => {
    const row = aRow('whole', { roles: ['admin'], createdAt: '2019-05-05T05:05:05Z', passwordHash: bcrypt })
    const first = await importRows([row, aRow('bare', { emailVerified: false })])
    expect(counts(first)).toEqual([2, 0, 0, 0])
    expect(await read(first.rows[0]?.user?.id ?? '')).toEqual({
      email: 'whole@example.com',
      emailVerified: true,
      displayName: 'whole',
      externalId: 'crm-whole',
      roles: ['admin', 'user'],
      createdAt: '2019-05-05T05:05:05.000Z',
    })
    const again = await importRows([row, aRow('bare', { emailVerified: false })])
    expect(counts(again)).toEqual([0, 0, 2, 0])
    expect(again.rows.map(({ user }) => user)).toEqual(first.rows.map(({ user }) => user))
    const passwords = await under.database.prisma.password.findMany({
      where: { accountId: first.rows[0]?.user?.id ?? '' },
    })
    expect(passwords.map(({ hash, pepperId }) => [hash, pepperId])).toEqual([[bcrypt, null]])
  })

  it('brings name and roles up to date, with the next request, and leaves address and password', async () => {
    const [{ user } = { user: null }] = (await importRows([aRow('moving')])).rows
    const id = user?.id ?? ''
    const before = await grantsOf(under.users, id)
    expect(counts(await importRows([aRow('moving', { displayName: 'Moved', roles: ['admin'] })]))).toEqual([0, 1, 0, 0])
    expect(await read(id)).toMatchObject({
      displayName: 'Moved',
      roles: ['admin', 'user'],
      email: 'moving@example.com',
    })
    expect(await grantsOf(under.users, id)).toMatchObject({ epoch: before.epoch + 1 })
    expect(counts(await importRows([aRow('moving', { displayName: 'Moved' })]))).toEqual([0, 0, 1, 0])
    expect(fieldsOf(await importRows([aRow('moving', { email: 'other@example.com' })]))).toEqual([['email']])
  })

  it('says the same in a dry run and writes nothing', async () => {
    const tried = await importRows(
      [aRow('dry'), aRow('whole', { displayName: 'Else' }), aRow('bad', { email: 'x' })],
      'DRY_RUN',
    )
    expect(counts(tried)).toEqual([1, 1, 0, 1])
    expect(
      await under.database.prisma.usersAuditRecord.count({ where: { action: 'account.import', outcome: 'created' } }),
    ).toBe(3)
    expect(counts(await importRows([aRow('dry')], 'DRY_RUN'))).toEqual([1, 0, 0, 0])
  })

  it('refuses each bad row with every reason, and no other', async () => {
    await aMember(under.users, 'member@example.com')
    const { imported } = await importText(
      [
        'not json',
        '[]',
        '',
        JSON.stringify(aRow('ok')),
        JSON.stringify({
          externalId: '',
          email: 'x',
          emailVerified: 'yes',
          displayName: 1,
          roles: ['none'],
          createdAt: '2031-01-01T00:00:00Z',
        }),
        JSON.stringify(aRow('extra', { isAdmin: true })),
        JSON.stringify(aRow('hash', { passwordHash: '$2b$31$JDYhmWWRs1jBPUXYJ0EKW.8GVOQXe2mTbd5SENAO8Bk4vO7r0QeUS' })),
        JSON.stringify(aRow('taken', { email: 'MEMBER@example.com' })),
        JSON.stringify(aRow('ok')),
        JSON.stringify(aRow('long', { displayName: 'x'.repeat(9_000) })),
      ].join('\n'),
    )
    const given = imported ?? expect.fail()
    expect(given.rows.map(({ line, outcome }) => [line, outcome])).toEqual([
      [1, 'REFUSED'],
      [2, 'REFUSED'],
      [4, 'CREATED'],
      ...[5, 6, 7, 8, 9, 10].map((line) => [line, 'REFUSED']),
    ])
    expect(fieldsOf(given)).toEqual([
      ['row'],
      ['row'],
      [],
      ['externalId', 'email', 'emailVerified', 'displayName', 'roles', 'createdAt'],
      ['row'],
      ['passwordHash'],
      ['email'],
      ['row'],
      ['row'],
    ])
    expect(JSON.stringify(given)).not.toContain('$2b$')
  })

  it('gives no role that permits what the administrator does not hold, and touches nobody who holds more', async () => {
    const helper = await aMember(under.users, 'helper@example.com')
    await mutate(under.users, root, 'createRole', {
      name: 'helper',
      description: 'x',
      scopes: ['users:write', 'users:read'],
    })
    await mutate(under.users, root, 'grantRole', { userId: helper.userId, role: 'helper' })
    const by = await asNow(under, helper)
    const rows = [
      aRow('up', { roles: ['admin'] }),
      aRow('whole', { displayName: 'Mine' }),
      aRow('plain', { roles: ['helper'] }),
    ]
    const imported = await importRows(rows, 'APPLY', by)
    expect(imported.rows.map(({ outcome }) => outcome)).toEqual(['REFUSED', 'REFUSED', 'CREATED'])
    expect(fieldsOf(imported)).toEqual([['roles'], ['roles'], []])
  })

  it('opens each account once when the same import runs several times at once', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => aRow(`race${index}`))
    const imports = await Promise.all(Array.from({ length: 6 }, () => importRows(rows)))
    expect(imports.reduce((sum, { created }) => sum + created, 0)).toBe(20)
    expect(counts(await importRows(rows))).toEqual([0, 0, 20, 0])
  })

  it.each([
    ['nothing', ''],
    ['only blank lines', '\n\n \n'],
    ['more rows than fit', Array.from({ length: 501 }, () => '{}').join('\n')],
    ['more characters than fit', `{}${' '.repeat(240_000)}`],
  ])('refuses a request of %s', async (_, ndjson) => {
    const { code, error } = await importText(ndjson)
    expect([code, Object.keys((error?.extensions?.fields ?? {}) as object)]).toEqual([
      'BAD_USER_INPUT',
      ['input.ndjson'],
    ])
  })
})
