import { dayMs, minuteMs } from '@latchkey/clock'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aMember, field, startUsers, type UsersUnderTest, until } from '../application.fixture.ts'
import { codeOf, codesOf, mutate, removeTotp, withPasskey, withTotp } from '../second-factors/factors.fixture.ts'

let under: UsersUnderTest
let ada: Awaited<ReturnType<typeof aMember>>
beforeEach(async () => {
  under = await startUsers()
  ada = await aMember(under.users, 'ada@example.com')
  await run(`UPDATE users.roles SET second_factor_grace_days = 7 WHERE name = 'admin'`)
})
afterEach(() => under.close())

const run = <Row>(text: string) => under.database.query<Row>({ name: `test_${text}`.slice(0, 60), text }, [])
const grant = () => under.users.grantRole('ada@example.com', 'admin')
const told = async () => (await under.records.grants(ada.userId)) ?? expect.fail('nothing was told')
const asked = async () => {
  const operation = 'query ($id: ID!) { grants(userId: $id) { roles scopes epoch } }'
  const answer = await mutate(under.users, { kind: 'service', name: 'gateway', scopes: [] }, operation, {
    id: ada.userId,
  })
  return field<{ roles: string[]; scopes: string[]; epoch: number }>(answer.data, 'grants')
}

it('a role permits what it permits while its grace runs', async () => {
  await grant()
  expect(await told()).toMatchObject({ roles: ['admin', 'user'], scopes: expect.arrayContaining(['users:write']) })
})

it('ceases to permit anything when the grace is over: every process is told at that moment, unasked', async () => {
  await grant()
  under.clock.advance(7 * dayMs)
  await until(async () => (await told()).roles.length === 1)
  expect(await told()).toMatchObject({ roles: ['user'] })
  expect((await told()).scopes).not.toContain('users:write')
})

it('is reminded of its end once, however often the grants are asked meanwhile', async () => {
  await grant()
  await Promise.all(Array.from({ length: 20 }, asked))
  const waiting = await run<{ ref: string }>(`SELECT ref FROM users.outbox WHERE ref LIKE 'grace_%'`)
  expect(waiting).toHaveLength(1)
})

it('permits it again with the factor, and no more without it', async () => {
  await grant()
  under.clock.advance(8 * dayMs)
  expect((await asked()).roles).toEqual(['user'])
  const { authenticator } = await withPasskey(under.users, ada)
  expect(await told()).toMatchObject({ roles: ['admin', 'user'] })
  const { epoch } = await asked()
  expect((await told()).epoch).toBe(epoch)
  const remove = 'mutation ($id: ID!) { removePasskey(id: $id) { id } }'
  const refused = await mutate(under.users, { ...ada, amr: ['hwk', 'user'] }, remove, { id: authenticator.id })
  expect(codesOf(refused)).toEqual(['CONFLICT'])
  expect(refused.errors?.[0]?.message).toContain('One of your roles asks for a second factor')
})

it('is met by an authenticator app, which then cannot be removed', async () => {
  await grant()
  const { secret } = await withTotp(under.users, ada, under.clock.now())
  under.clock.advance(30 * dayMs)
  expect((await asked()).roles).toEqual(['admin', 'user'])
  expect(codesOf(await removeTotp(under.users, ada, { code: codeOf(secret, under.clock.now()) }))).toEqual(['CONFLICT'])
})

it('leaves to everybody what is needed to enrol, though everyone’s role asks for a factor', async () => {
  await run(`UPDATE users.roles SET second_factor_grace_days = 0 WHERE name = 'user'`)
  expect(await asked()).toMatchObject({ roles: [], scopes: ['profile:read', 'profile:write'] })
})

it('notes a sign-in when its proof is complete, at most once a minute', async () => {
  const noted = async () => (await run<{ at: Date | null }>('SELECT last_sign_in_at AS at FROM users.accounts'))[0]?.at
  const query = `{ checkPassword(email: "ada@example.com", password: "correct horse battery staple") { secondFactors } }`
  const check = () => mutate(under.users, { kind: 'service', name: 'sessions', scopes: [] }, query)
  await check()
  const first = under.clock.now()
  expect(await noted()).toEqual(first)
  under.clock.advance(minuteMs - 1)
  await check()
  expect(await noted()).toEqual(first)
  under.clock.advance(1)
  await check()
  expect(await noted()).toEqual(under.clock.now())
  await withTotp(under.users, ada, under.clock.now())
  const before = await noted()
  under.clock.advance(2 * minuteMs)
  await check()
  expect(await noted()).toEqual(before)
})
