import { dayMs, secondMs } from '@latchkey/clock'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, check, field, mailsTo, startUsers, tokenIn, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

let people = 0
const aPerson = async () => {
  const email = `leaving${people++}@example.com`
  return { email, person: await aMember(under.users, email) }
}

const deleteMutation = 'mutation ($input: DeleteMeInput!) { deleteMe(input: $input) { eraseAt } }'
const undoMutation = 'mutation ($input: UndoDeletionInput!) { undoDeletion(input: $input) { outcome } }'
const deleteMe = (principal: Principal, email: string, users = under.users) =>
  ask(users.subgraph, principal, deleteMutation, { input: { email } })
const undo = async (token: string, users = under.users) => {
  const { data } = await ask(users.subgraph, anonymous, undoMutation, { input: { token } })
  return field<{ outcome: string }>(data, 'undoDeletion').outcome
}
const codes = (answer: Awaited<ReturnType<typeof deleteMe>>) => answer.errors?.map(({ extensions }) => extensions?.code)
const undoTokenOf = async (email: string) => {
  const mails = await mailsTo(under.users, email, 2)
  return tokenIn(mails.find(({ subject }) => subject === 'Your account was deleted')?.text)
}
const grantAdmin = async ({ email }: { email: string }) => under.users.grantRole(email, 'admin')
const statusOf = async ({ userId }: UserPrincipal) => {
  const text = 'SELECT status, session_epoch AS epoch FROM users.accounts WHERE id = $1'
  const [row] = await under.database.query<{ status: string; epoch: number }>({ name: 'test_status', text }, [userId])
  return row
}

describe('deleteMe', () => {
  it('ends every session and every grant at once, in a month erases, and says so', async () => {
    const { email, person } = await aPerson()
    const { data } = await deleteMe(person, email.toUpperCase())
    const eraseAt = new Date(under.clock.now().getTime() + 30 * dayMs)
    expect(data).toEqual({ deleteMe: { eraseAt: eraseAt.toISOString() } })
    expect(await under.records.grants(person.userId)).toMatchObject({
      active: false,
      sessionEpoch: 1,
      sessionKept: null,
    })
    expect(await statusOf(person)).toEqual({ status: 'deleted', epoch: 1 })
    const checked = await check(under.users, email, 'correct horse battery staple')
    expect(checked.data).toMatchObject({ checkPassword: { outcome: 'NO_MATCH' } })
    const mail = (await mailsTo(under.users, email, 2)).at(-1)
    expect(mail?.text).toContain(eraseAt.toISOString().slice(0, 10))
    expect(mail?.text).toMatch(/http:\/\/localhost:4000\/undo-deletion\?token=[\w-]{43}\n/)
  })

  it('asks for the address again, and bounds it before looking at it', async () => {
    const { email, person } = await aPerson()
    for (const typed of ['eve@example.com', '', `${'a'.repeat(100_000)}@example.com`])
      expect(codes(await deleteMe(person, typed))).toEqual(['BAD_USER_INPUT'])
    expect(await statusOf(person)).toMatchObject({ status: 'active' })
    expect(codes(await deleteMe(person, ` ${email} `))).toBeUndefined()
  })

  it('is for a person who has only just proved who they are: no stale session, no key, no service', async () => {
    const { email, person } = await aPerson()
    const at = Math.floor(under.clock.now().getTime() / secondMs)
    const refused: [Principal, string][] = [
      [{ ...person, authTime: at - 601 }, 'STEP_UP_REQUIRED'],
      [anApiKey({ ownerId: person.userId, scopes: person.scopes }), 'FORBIDDEN'],
      [aService('users'), 'FORBIDDEN'],
      [anonymous, 'UNAUTHENTICATED'],
    ]
    for (const [principal, code] of refused) expect(codes(await deleteMe(principal, email))).toEqual([code])
    expect(await statusOf(person)).toMatchObject({ status: 'active' })
    expect(codes(await deleteMe({ ...person, authTime: at - 599 }, email))).toBeUndefined()
  })

  it('happens once, however often it is asked for at once on two replicas', async () => {
    const { email, person } = await aPerson()
    const other = under.replica()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => deleteMe(person, email, at % 2 ? other : under.users)),
    )
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(new Set(answers.flatMap((answer) => codes(answer) ?? []))).toEqual(new Set(['NOT_FOUND']))
    expect((await mailsTo(under.users, email, 2)).filter(({ subject }) => /deleted/.test(subject))).toHaveLength(1)
  })

  it('leaves one administrator, however many leave at once', async () => {
    const admins = [await aPerson(), await aPerson(), await aPerson(), await aPerson()]
    for (const admin of admins) await grantAdmin(admin)
    const other = under.replica()
    const answers = await Promise.all(
      admins.map(({ person, email }, at) => deleteMe(person, email, at % 2 ? other : under.users)),
    )
    expect(answers.map((answer) => codes(answer)?.[0] ?? 'deleted').sort()).toEqual([
      'CONFLICT',
      'deleted',
      'deleted',
      'deleted',
    ])
    const last = admins[answers.findIndex(({ errors }) => errors)]
    expect(await statusOf(last?.person ?? expect.fail())).toMatchObject({ status: 'active' })
    const { errors } = await deleteMe(last?.person ?? anonymous, last?.email ?? '')
    expect(errors?.[0]?.message).toMatch(/Give another account the role `admin` first/)
  })
})

describe('undoDeletion', () => {
  it('brings the account back once, of 200 attempts on two replicas, with its sessions ended', async () => {
    const { email, person } = await aPerson()
    await deleteMe(person, email)
    const token = await undoTokenOf(email)
    const other = under.replica()
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, at) => undo(token, at % 2 ? other : under.users)),
    )
    expect(outcomes.filter((outcome) => outcome === 'RESTORED')).toHaveLength(1)
    expect(await statusOf(person)).toEqual({ status: 'active', epoch: 1 })
    expect(await under.records.grants(person.userId)).toMatchObject({ active: true, sessionEpoch: 1 })
    expect(await undo(token)).toBe('REFUSED')
  })

  it('brings back no change of address that waited when the account was deleted', async () => {
    const { email, person } = await aPerson()
    const asking = 'mutation ($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { outcome } }'
    const newEmail = `waited-${email}`
    await ask(under.users.subgraph, person, asking, { input: { newEmail } })
    const token = tokenIn((await mailsTo(under.users, newEmail))[0]?.text)
    await deleteMe(person, email)
    await mailsTo(under.users, email, 3)
    expect(await undo(await undoTokenOf(email))).toBe('RESTORED')
    const confirming = 'mutation ($input: ConfirmEmailChangeInput!) { confirmEmailChange(input: $input) { outcome } }'
    const { data } = await ask(under.users.subgraph, anonymous, confirming, { input: { token } })
    expect(data).toEqual({ confirmEmailChange: { outcome: 'REFUSED' } })
  })

  it('does nothing with a token of another purpose, one that is none, and one that is too old', async () => {
    const { email, person } = await aPerson()
    const confirmation = tokenIn((await mailsTo(under.users, email))[0]?.text)
    await deleteMe(person, email)
    const token = await undoTokenOf(email)
    for (const text of [confirmation, '', 'x'.repeat(1_000_000), `${token}x`]) expect(await undo(text)).toBe('REFUSED')
    under.clock.advance(30 * dayMs)
    expect(await undo(token)).toBe('REFUSED')
    expect(await statusOf(person)).toMatchObject({ status: 'deleted' })
  })

  it('does nothing once the erasure has begun', async () => {
    const { email, person } = await aPerson()
    await deleteMe(person, email)
    const token = await undoTokenOf(email)
    under.holders.sessions.state = 'away'
    await expect(under.users.erasure.eraseNow(email)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await undo(token)).toBe('REFUSED')
    under.holders.sessions.state = 'well'
    expect(await under.users.erasure.eraseNow(email)).toBe('erased')
    expect(await undo(token)).toBe('REFUSED')
    expect(await statusOf(person)).toBeUndefined()
  })
})
