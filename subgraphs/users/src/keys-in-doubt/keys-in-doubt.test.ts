import { anonymous } from '@latchkey/principal'
import { aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  field,
  mailsTo,
  register,
  startUsers,
  tokenIn,
  type UsersUnderTest,
  until,
} from '../application.fixture.ts'

let under: UsersUnderTest
let holder: UsersUnderTest['holders']['api-keys']
beforeAll(async () => {
  under = await startUsers()
  holder = under.holders['api-keys']
  holder.keys = 2
})
afterAll(() => under.close())

const run = async (
  name: string,
  input: object,
  principal: Parameters<typeof ask>[1] = anonymous,
  users = under.users,
) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  const mutation = `mutation ($input: ${type}!) { ${name}(input: $input) { outcome } }`
  const { data } = await ask(users.subgraph, principal, mutation, { input })
  return field<{ outcome: string } | null>(data, name)?.outcome
}
/** The token of the newest of so many mails with such a link. */
const mailWith = async (email: string, path: string, count = 1) => {
  const linked = async () => (await mailsTo(under.users, email)).filter(({ text }) => text.includes(path))
  await until(async () => (await linked()).length >= count)
  return tokenIn((await linked()).at(-1)?.text)
}
const grantsOf = async (userId: string) => (await under.records.grants(userId)) ?? expect.fail()
const withdrawnOf = (userId: string) => holder.withdrawn.filter((asked) => asked.userId === userId)
const reset = async (email: string, count: number) =>
  run('resetPassword', { token: await mailWith(email, '/reset-password', count), newPassword: 'another horse battery' })

/** Somebody who asks for a new password, and is told so after: the mail says "this was not me". */
async function robbed(email: string) {
  const member = await aMember(under.users, email)
  await run('requestPasswordReset', { email })
  await reset(email, 1)
  const told = under.clock.now()
  const token = await mailWith(email, '/not-me')
  under.clock.advance(60_000)
  expect(await run('reportNotMe', { token })).toBe('LOCKED')
  return { ...member, told }
}

describe('API keys that somebody else may have left', () => {
  it('are taken back since what was reported, and once more when the account opens; the person is told', async () => {
    const email = 'ada@example.com'
    const { userId, told } = await robbed(email)
    const since = told.toISOString()
    await until(() => withdrawnOf(userId).length === 1)
    expect(await grantsOf(userId)).toMatchObject({ active: false, keysDoubted: true })
    expect(await reset(email, 2)).toBe('RESET')
    await until(async () => !(await grantsOf(userId)).keysDoubted)
    expect(withdrawnOf(userId)).toEqual([
      { userId, since },
      { userId, since },
    ])
    const mail = async () => (await mailsTo(under.users, email)).find(({ subject }) => subject.startsWith('API keys'))
    await until(async () => (await mail())?.text.includes('2 in all') === true)
    const events = `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) {
      ... on User { securityEvents { nodes { kind by } } } } }`
    const { data } = await ask(under.users.subgraph, aUser({ userId }), events, { id: userId })
    expect(JSON.stringify(data)).toContain('{"kind":"API_KEYS_WITHDRAWN","by":"SYSTEM"}')
  })

  it('count for nothing while ApiKeys cannot say that they were taken back', async () => {
    const email = 'away@example.com'
    holder.state = 'away'
    const { userId } = await robbed(email)
    expect(await reset(email, 2)).toBe('RESET')
    expect(await grantsOf(userId)).toMatchObject({ active: true, keysDoubted: true })
    // Nor can one be made, which would be taken back with them.
    expect((await grantsOf(userId)).scopes).toEqual(expect.not.arrayContaining(['keys:write']))
    holder.state = 'well'
    under.clock.advance(60_000)
    await until(async () => !(await grantsOf(userId)).keysDoubted)
    expect((await grantsOf(userId)).scopes).toContain('keys:write')
    expect(withdrawnOf(userId).length).toBeGreaterThan(0)
  })

  it('stay in doubt when the account is locked again while they are being taken back', async () => {
    const email = 'again@example.com'
    const { userId } = await robbed(email)
    await until(() => withdrawnOf(userId).length === 1)
    let again: string | undefined
    holder.meanwhile = async () => {
      holder.meanwhile = () => {}
      again = await run('reportNotMe', { token: await mailWith(email, '/not-me', 2) })
    }
    expect(await reset(email, 2)).toBe('RESET')
    await until(() => again !== undefined)
    await until(() => withdrawnOf(userId).length === 3)
    expect([again, await grantsOf(userId)]).toMatchObject(['LOCKED', { active: false, keysDoubted: true }])
  })

  it('are those of whoever opened an account with an address that is not theirs', async () => {
    const open = under.replica({ emailVerification: { kind: 'off' } })
    const email = 'squatted@example.com'
    await register(open, email)
    await run('requestPasswordReset', { email }, anonymous, open)
    expect(await reset(email, 1)).toBe('RESET')
    await until(() => holder.withdrawn.some(({ since }) => since === under.clock.now().toISOString()))
  })
})
