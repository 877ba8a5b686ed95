import type { UserPrincipal } from '@latchkey/principal'
import { aService } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, asNow, grantsOf, mutate, recorded } from '../administration/administration.fixture.ts'
import { aMember, startUsers, thePassword, type UsersUnderTest, until } from '../application.fixture.ts'

const declared = ['orders:read', 'orders:write', 'orders:refund'].map((name) => ({
  name,
  description: name,
  roles: name === 'orders:refund' ? [] : ['admin'],
}))
const declaredScopes = () => declared

let under: UsersUnderTest
let root: UserPrincipal
beforeAll(async () => {
  under = await startUsers({ declaredScopes })
  root = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

let made = 0
const fresh = (name: string) => `${name}-${made++}`

const create = (input: Record<string, unknown>, by = root) =>
  mutate(
    under.users,
    by,
    'createRole',
    { description: 'A role', ...input },
    'role { name scopes ownScopes includes version }',
  )
const update = (input: Record<string, unknown>, by = root) =>
  mutate(under.users, by, 'updateRole', input, 'role { name scopes version secondFactorWithinDays }')
const grant = (userId: string, role: string, by = root) =>
  mutate(under.users, by, 'grantRole', { userId, role }, 'outcome')
const revoke = (userId: string, role: string, by = root) =>
  mutate(under.users, by, 'revokeRole', { userId, role }, 'outcome')
const remove = async (name: string, by = root) =>
  (await ask(under.users.subgraph, by, 'mutation ($name: String!) { deleteRole(name: $name) { name } }', { name }))
    .errors?.[0]?.extensions?.code ?? 'ok'
const fieldsOf = (error: { extensions?: Record<string, unknown> } | undefined) =>
  Object.keys((error?.extensions?.fields ?? {}) as object)

describe('a role', () => {
  it('says how many sessions its holders may have, until it says nothing any more', async () => {
    const name = fresh('clerk')
    const limitOf = async () => {
      const { data } = await ask(under.users.subgraph, root, '{ roles { name sessionLimit { max onExcess } } }')
      const roles = data?.roles as { name: string; sessionLimit: unknown }[]
      return roles.find((role) => role.name === name)?.sessionLimit
    }
    await create({ name, sessionLimit: { max: 3 } })
    expect(await limitOf()).toEqual({ max: 3, onExcess: 'END_OLDEST' })
    await update({ name, sessionLimit: { max: 2, onExcess: 'REFUSE' } })
    await update({ name, description: 'Clerks' })
    expect(await limitOf()).toEqual({ max: 2, onExcess: 'REFUSE' })
    await update({ name, sessionLimit: null })
    expect(await limitOf()).toBeNull()
    for (const max of [0, 101, -1])
      expect(fieldsOf((await update({ name, sessionLimit: { max } })).error)).toEqual(['input.sessionLimit'])
  })

  it('limits the sessions of whoever holds it, also by way of another, and tells Sessions alone', async () => {
    const [strict, outer] = [fresh('strict'), fresh('outer')]
    await create({ name: strict, sessionLimit: { max: 1, onExcess: 'REFUSE' } })
    await create({ name: outer, includes: [strict], sessionLimit: { max: 5 } })
    const credentials = { email: 'limited@example.com', password: thePassword }
    const { userId } = await aMember(under.users, credentials.email)
    const query = `query ($email: String!, $password: String!) {
      checkPassword(email: $email, password: $password) { outcome sessionLimit { max onExcess } } }`
    const checked = async () => (await ask(under.users.subgraph, aService('sessions'), query, credentials)).data
    expect(await checked()).toEqual({ checkPassword: { outcome: 'MATCH', sessionLimit: null } })
    await grant(userId, outer)
    expect(await checked()).toMatchObject({ checkPassword: { sessionLimit: { max: 1, onExcess: 'REFUSE' } } })
    await remove(strict)
    expect(await checked()).toMatchObject({ checkPassword: { sessionLimit: { max: 5, onExcess: 'END_OLDEST' } } })
  })

  it('permits what it includes, to whoever holds it, with the next request', async () => {
    const [low, high] = [fresh('low'), fresh('high')]
    await create({ name: low, scopes: ['orders:read'] })
    expect((await create({ name: high, scopes: ['orders:write'], includes: [low] })).given).toEqual({
      role: {
        name: high,
        scopes: ['orders:write', 'orders:read'],
        ownScopes: ['orders:write'],
        includes: [low],
        version: 1,
      },
    })
    const { userId } = await aMember(under.users, 'holder@example.com')
    expect((await grant(userId, high)).given).toEqual({ outcome: 'GRANTED' })
    expect(await recorded(under, userId)).toMatchObject({ roles: [high, low, 'user'] })
    expect((await recorded(under, userId))?.scopes).toEqual(expect.arrayContaining(['orders:read', 'orders:write']))
    await update({ name: low, scopes: [] })
    expect((await recorded(under, userId))?.scopes).not.toContain('orders:read')
    expect((await revoke(userId, high)).given).toEqual({ outcome: 'REVOKED' })
    expect(await recorded(under, userId)).toMatchObject({ roles: ['user'] })
    expect((await revoke(userId, high)).given).toEqual({ outcome: 'NOT_HELD' })
  })

  it('is taken from everyone when it is deleted, also from those who held it by way of another', async () => {
    const [low, high] = [fresh('low'), fresh('high')]
    await create({ name: low, scopes: ['orders:read'] })
    await create({ name: high, includes: [low] })
    const direct = await aMember(under.users, `${low}@example.com`)
    const indirect = await aMember(under.users, `${high}@example.com`)
    await grant(direct.userId, low)
    await grant(indirect.userId, high)
    expect((await recorded(under, indirect.userId))?.scopes).toContain('orders:read')
    expect(await remove(low)).toBe('ok')
    for (const { userId } of [direct, indirect])
      expect((await recorded(under, userId))?.scopes).not.toContain('orders:read')
    expect((await create({ name: low, scopes: ['orders:read'] })).code).toBeUndefined()
    for (const { userId } of [direct, indirect]) {
      await under.users.grantRole(userId === direct.userId ? `${low}@example.com` : `${high}@example.com`, 'user')
      expect((await grantsOf(under.users, userId)).scopes).not.toContain('orders:read')
    }
  })

  it('names every wrong field at once', async () => {
    const { code, error } = await create({
      name: 'No Name',
      description: '',
      scopes: ['orders:read', 'made:up'],
      includes: ['nothing'],
      secondFactorWithinDays: 400,
    })
    expect([code, fieldsOf(error)]).toEqual([
      'BAD_USER_INPUT',
      ['input.name', 'input.description', 'input.scopes', 'input.includes', 'input.secondFactorWithinDays'],
    ])
    expect(JSON.stringify(error)).toContain('made:up')
  })

  it('that is built in is added to, keeps what is built in, and is not deleted', async () => {
    const { code, given } = await update({ name: 'admin', scopes: ['orders:write'] })
    expect([code, (given?.role as { scopes: string[] } | undefined)?.scopes]).toEqual([
      undefined,
      expect.arrayContaining(['roles:write', 'users:read', 'orders:write']),
    ])
    expect(await remove('admin')).toBe('BAD_USER_INPUT')
    expect(await remove('user')).toBe('BAD_USER_INPUT')
    expect((await create({ name: 'admin' })).code).toBe('CONFLICT')
  })

  it('is changed by one of those who read the same version', async () => {
    const name = fresh('once')
    await create({ name })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => update({ name, version: 1, secondFactorWithinDays: index })),
    )
    expect(answers.map(({ code }) => code ?? 'ok').sort()).toEqual([...Array<string>(9).fill('CONFLICT'), 'ok'])
  })
})

describe('a circle of roles', () => {
  it('is refused, of any length', async () => {
    const [a, b, c] = [fresh('a'), fresh('b'), fresh('c')]
    await create({ name: a })
    await create({ name: b, includes: [a] })
    await create({ name: c, includes: [b] })
    expect(fieldsOf((await update({ name: a, includes: [c] })).error)).toEqual(['input.includes'])
    expect(fieldsOf((await update({ name: a, includes: [a] })).error)).toEqual(['input.includes'])
  })

  it('is not made by changes at the same moment either: one of them is refused, every time', async () => {
    const other = under.replica()
    for (let round = 0; round < 10; round++) {
      const [a, b] = [fresh('a'), fresh('b')]
      await create({ name: a })
      await create({ name: b })
      const codes = await Promise.all([
        update({ name: a, includes: [b] }),
        mutate(other, root, 'updateRole', { name: b, includes: [a] }),
      ])
      expect(codes.map(({ code }) => code ?? 'ok').sort()).toEqual(['BAD_USER_INPUT', 'ok'])
    }
  })
})

describe('nobody', () => {
  const aGranter = async (email: string) => {
    const person = await aMember(under.users, email)
    const name = fresh('granter')
    await create({ name, scopes: ['roles:write', 'orders:read'] })
    await grant(person.userId, name)
    return { granter: await asNow(under, person), role: name }
  }

  it('makes, changes, grants, revokes or deletes a role that permits what they do not hold', async () => {
    const { granter, role } = await aGranter('granter@example.com')
    const { userId } = await aMember(under.users, 'subject@example.com')
    expect((await create({ name: fresh('up'), scopes: ['users:write'] }, granter)).code).toBe('FORBIDDEN')
    expect((await create({ name: fresh('up'), includes: ['admin'] }, granter)).code).toBe('FORBIDDEN')
    expect((await update({ name: role, scopes: ['roles:write', 'users:write'] }, granter)).code).toBe('FORBIDDEN')
    expect((await update({ name: 'user', scopes: ['users:write'] }, granter)).code).toBe('FORBIDDEN')
    expect((await update({ name: 'admin', description: 'mine' }, granter)).code).toBe('FORBIDDEN')
    expect((await grant(userId, 'admin', granter)).error?.message).toMatch(/users:write/)
    expect((await grant(granter.userId, 'admin', granter)).code).toBe('FORBIDDEN')
    expect((await revoke(root.userId, 'user', granter)).code).toBe('FORBIDDEN')
    const strong = fresh('strong')
    await create({ name: strong, scopes: ['orders:write'] })
    expect(await remove(strong, granter)).toBe('FORBIDDEN')
    expect((await grant(userId, role, granter)).given).toEqual({ outcome: 'GRANTED' })
    expect(
      (await create({ name: fresh('fine'), scopes: ['orders:read', 'profile:read'] }, granter)).code,
    ).toBeUndefined()
  })

  it('not even an administrator, gives what no role of theirs holds', async () => {
    expect((await create({ name: fresh('refund'), scopes: ['orders:refund'] })).error?.message).toMatch(/orders:refund/)
  })

  it('grants a role that grew beyond them while they asked', async () => {
    const { granter } = await aGranter('slow@example.com')
    const { userId } = await aMember(under.users, 'lucky@example.com')
    for (let round = 0; round < 5; round++) {
      const name = fresh('grows')
      await create({ name, scopes: ['orders:read'] })
      await Promise.all([update({ name, scopes: ['users:write'] }), grant(userId, name, granter)])
      await revoke(userId, name)
      const { code } = await grant(userId, name, granter)
      expect(code).toBe('FORBIDDEN')
    }
  })

  it('loses the last way to administer by a change of roles', async () => {
    const own = await startUsers()
    const one = await anAdministrator(own, 'one@example.com')
    await mutate(own.users, one, 'createRole', { name: 'deputy', description: 'x', includes: ['admin'] })
    await mutate(own.users, one, 'grantRole', { userId: one.userId, role: 'deputy' })
    expect((await mutate(own.users, one, 'revokeRole', { userId: one.userId, role: 'admin' })).code).toBeUndefined()
    expect((await mutate(own.users, one, 'updateRole', { name: 'deputy', includes: [] })).code).toBe('CONFLICT')
    const query = 'mutation { deleteRole(name: "deputy") { name } }'
    expect((await ask(own.users.subgraph, one, query)).errors?.[0]?.extensions?.code).toBe('CONFLICT')
    expect((await grantsOf(own.users, one.userId)).scopes).toContain('roles:write')
    await own.close()
  })
})

describe('everyone who holds a role', () => {
  it('is told by the outbox when the process that changed it could not', async () => {
    const name = fresh('outage')
    await create({ name, scopes: ['orders:read'] })
    const people = await Promise.all([1, 2, 3].map((index) => aMember(under.users, `${name}${index}@example.com`)))
    for (const { userId } of people) await grant(userId, name)
    let reachable = false
    const putManyGrants: typeof under.records.putManyGrants = async (grants) => {
      if (!reachable) throw new Problem('UNAVAILABLE')
      await under.records.putManyGrants(grants)
    }
    const cutOff = under.unstarted({ declaredScopes, records: { ...under.records, putManyGrants } })
    const query = 'mutation ($name: String!) { deleteRole(name: $name) { name } }'
    expect((await ask(cutOff.subgraph, root, query, { name })).errors).toBeUndefined()
    reachable = true
    under.clock.advance(120_000)
    const scopes = async () => Promise.all(people.map(async ({ userId }) => (await recorded(under, userId))?.scopes))
    await until(async () => !(await scopes()).flat().includes('orders:read'))
    await until(async () => (await under.database.prisma.role.count({ where: { name } })) === 0)
    expect(await under.database.prisma.roleGrant.count({ where: { role: name } })).toBe(0)
  })

  it('ten thousand of them have been told when the change is answered', async () => {
    const name = fresh('many')
    await create({ name, scopes: ['orders:read'] })
    const load = {
      name: 'test_load_holders',
      text: `WITH added AS (
               INSERT INTO users.accounts (id, status, email, display_name, created_at)
               SELECT 'usr_many' || n, 'active', '', '', now() FROM generate_series(1, 10000) n RETURNING id)
             INSERT INTO users.role_grants (account_id, role, granted_at) SELECT id, $1, now() FROM added`,
    }
    await under.database.query(load, [name])
    const from = under.database.asked.length
    const startedMs = performance.now()
    expect((await update({ name, scopes: ['orders:write'] })).code).toBeUndefined()
    console.info(`a role with 10,000 holders was changed in ${Math.round(performance.now() - startedMs)} ms`)
    const told = await Promise.all(Array.from({ length: 10_000 }, (_, n) => recorded(under, `usr_many${n + 1}`)))
    expect(told.every((grants) => grants?.epoch === 2 && grants.scopes.includes('orders:write'))).toBe(true)
    const statements = under.database.asked.slice(from).filter((name) => name === 'users_grants_by_account')
    expect(statements.length).toBeLessThanOrEqual(22)
  })
})
