import { dayMs } from '@latchkey/clock'
import { anonymous, type UserPrincipal } from '@latchkey/principal'
import { aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, mutate, restore } from '../administration/administration.fixture.ts'
import {
  aMember,
  field,
  mailsTo,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
} from '../application.fixture.ts'
import { auditOf, change, newPassword, requestReset, reset, resetTokenOf } from '../passwords/passwords.fixture.ts'
import { codesOf, withPasskey, withTotp } from '../second-factors/factors.fixture.ts'
import { trustWillDo } from './trusted-device.ts'

let under: UsersUnderTest
let admin: UserPrincipal
beforeAll(async () => {
  under = await startUsers()
  admin = await anAdministrator(under, 'root@example.com')
})
afterAll(() => under.close())

const sessions = aService('sessions')
const client = {
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
}
const deviceId = (name: string) => `dev_${name.padEnd(22, 'x')}`

const epochOf = async (userId: string) => {
  const text = 'SELECT session_epoch AS epoch FROM users.accounts WHERE id = $1'
  return (await under.database.query<{ epoch: number }>({ name: 'test_epoch', text }, [userId]))[0]?.epoch ?? 0
}
async function asked(
  mutation: 'trustDevice' | 'useTrustedDevice',
  userId: string,
  device: string,
  users = under.users,
  epoch?: number,
) {
  const query = `mutation ($userId: ID!, $deviceId: ID!, $sessionEpoch: Int!) {
    ${mutation}(userId: $userId, deviceId: $deviceId, sessionEpoch: $sessionEpoch) { outcome } }`
  const variables = { userId, deviceId: deviceId(device), sessionEpoch: epoch ?? (await epochOf(userId)) }
  const answer = await users.subgraph.execute({ query, variables, principal: sessions, requestId: 'req_1', client })
  return field<{ outcome: string }>(answer.data, mutation).outcome
}
const trust = (userId: string, device = 'laptop', users = under.users) => asked('trustDevice', userId, device, users)
const isTrusted = (userId: string, device = 'laptop') => asked('useTrustedDevice', userId, device)

interface Shown {
  readonly id: string
  readonly name: string
  readonly network: string
  readonly lastUsedAt: string | null
  readonly expiresAt: string
}
const shownTo = async (person: UserPrincipal) => {
  const { data } = await ask(
    under.users.subgraph,
    person,
    '{ me { trustedDevices { id name network lastUsedAt expiresAt } } }',
    {},
  )
  return field<{ trustedDevices: Shown[] }>(data, 'me').trustedDevices
}
const revoke = (person: UserPrincipal, id: string) =>
  ask(under.users.subgraph, person, 'mutation ($id: ID!) { revokeTrustedDevice(id: $id) { id } }', { id })

let people = 0
async function aPerson() {
  const email = `trusting${people++}@example.com`
  const person = await aMember(under.users, email)
  await withTotp(under.users, person, under.clock.now())
  expect(await trust(person.userId)).toBe('TRUSTED')
  expect(await isTrusted(person.userId)).toBe('TRUSTED')
  return { email, person, userId: person.userId }
}

describe('a trusted device', () => {
  it('is shown to its person, and takes the place of the factor for 30 days, however often it is used', async () => {
    const { person, userId } = await aPerson()
    expect(await isTrusted(userId, 'another')).toBe('NOT_TRUSTED')
    expect(await shownTo(person)).toEqual([
      {
        ...{ id: deviceId('laptop'), name: 'Firefox on Linux', network: '192.0.2.0/24' },
        lastUsedAt: under.clock.now().toISOString(),
        expiresAt: new Date(under.clock.now().getTime() + 30 * dayMs).toISOString(),
      },
    ])
    under.clock.advance(30 * dayMs - 1)
    expect(await isTrusted(userId)).toBe('TRUSTED')
    under.clock.advance(1)
    expect(await isTrusted(userId)).toBe('NOT_TRUSTED')
    expect(await shownTo(person)).toEqual([])
    expect(await auditOf(under, userId, 'trusted-device.add')).toEqual(['trusted'])
  })

  it('is one of ten: the newest, however many are trusted at once', async () => {
    const { person, userId } = await aPerson()
    under.clock.advance(1)
    const names = Array.from({ length: 25 }, (_, turn) => `d${turn}`)
    const replicas = [under.users, under.unstarted()]
    await Promise.all(names.map((name, turn) => trust(userId, name, replicas[turn % 2])))
    expect(await shownTo(person)).toHaveLength(10)
    const answers = await Promise.all(names.map((name) => isTrusted(userId, name)))
    expect(answers.filter((outcome) => outcome === 'TRUSTED')).toHaveLength(10)
    expect(await isTrusted(userId)).toBe('NOT_TRUSTED')
  })

  it('is trusted no more when its person says so, and nobody else can', async () => {
    const [ada, eve] = [await aPerson(), await aPerson()]
    const id = deviceId('laptop')
    const unknown = await revoke(eve.person, deviceId('nowhere'))
    expect((await revoke(eve.person, id)).data).toEqual({ revokeTrustedDevice: { id } })
    // Eve's own is gone, so that the id names ada's alone.
    expect(await revoke(eve.person, id)).toEqual(unknown)
    expect([codesOf(unknown), await isTrusted(eve.userId), await isTrusted(ada.userId)]).toEqual([
      ['NOT_FOUND'],
      'NOT_TRUSTED',
      'TRUSTED',
    ])
    await trust(ada.userId, 'phone')
    const all = await ask(under.users.subgraph, ada.person, 'mutation { revokeTrustedDevices { ids } }', {})
    expect(field<{ ids: string[] }>(all.data, 'revokeTrustedDevices').ids).toHaveLength(2)
    expect(await shownTo(ada.person)).toEqual([])
    expect(await auditOf(under, ada.userId, 'trusted-device.revoke')).toEqual(['revoked'])
  })

  it('is not made when the account has ended its sessions since the factor was right', async () => {
    const { userId } = await aPerson()
    const epoch = await epochOf(userId)
    expect(await asked('trustDevice', userId, 'phone', under.users, epoch - 1)).toBe('NOT_TRUSTED')
    expect(await asked('useTrustedDevice', userId, 'laptop', under.users, epoch - 1)).toBe('NOT_TRUSTED')
  })

  it.each([
    [
      'the password is changed',
      async ({ person }) => {
        expect(await change(under.users, person, { currentPassword: thePassword, newPassword })).toEqual({
          outcome: 'CHANGED',
        })
      },
    ],
    [
      'the password is reset',
      async ({ email }) => {
        await requestReset(under.users, email)
        expect(await reset(under.users, await resetTokenOf(under.users, email))).toEqual({ outcome: 'RESET' })
      },
    ],
    [
      'its person says that something was not them',
      async ({ email }) => {
        const notice = (await mailsTo(under.users, email, 2)).at(-1)
        const report = 'mutation ($token: String!) { reportNotMe(input: { token: $token }) { outcome } }'
        const { data } = await ask(under.users.subgraph, anonymous, report, { token: tokenIn(notice?.text) })
        expect(data?.reportNotMe).toEqual({ outcome: 'LOCKED' })
      },
    ],
    [
      'a factor is added',
      async ({ person }) => {
        expect(await withPasskey(under.users, person)).toMatchObject({ outcome: 'ENROLLED' })
      },
    ],
    [
      'new recovery codes are made',
      async ({ person }) => {
        const regenerate = 'mutation { regenerateRecoveryCodes { recoveryCodes } }'
        expect((await ask(under.users.subgraph, { ...person, acr: 'aal2' }, regenerate, {})).errors).toBeUndefined()
      },
    ],
    [
      'the account is suspended, and restored',
      async ({ userId }) => {
        expect(await mutate(under.users, admin, 'suspendUser', { id: userId, reason: 'to look at it' })).toMatchObject({
          code: undefined,
        })
        expect(await restore(under.users, admin, userId)).toBe('ok')
      },
    ],
  ] as readonly (readonly [string, (who: Awaited<ReturnType<typeof aPerson>>) => Promise<void>])[])(
    'is trusted no more when %s',
    async (_what, happens) => {
      const who = await aPerson()
      await happens(who)
      expect(await isTrusted(who.userId)).toBe('NOT_TRUSTED')
      expect(await shownTo(who.person)).toEqual([])
    },
  )

  it('will not do where a role asks for a second factor, unless the installation says so, or is not there at all', async () => {
    await under.database.query(
      { name: 'test_demand', text: `UPDATE users.roles SET second_factor_grace_days = 7 WHERE name = 'admin'` },
      [],
    )
    const { email, userId } = await aPerson()
    await under.users.grantRole(email, 'admin')
    expect([await isTrusted(userId), await trust(userId, 'phone')]).toEqual(['NOT_TRUSTED', 'NOT_TRUSTED'])
    const [always, off] = [under.unstarted({ deviceTrust: 'always' }), under.unstarted({ deviceTrust: 'off' })]
    expect(await asked('useTrustedDevice', userId, 'laptop', always)).toBe('TRUSTED')
    const other = await aPerson()
    expect(await asked('useTrustedDevice', other.userId, 'laptop', off)).toBe('NOT_TRUSTED')
    expect(trustWillDo('always', null)).toBe(false)
  })

  it('is forgotten when it has expired', async () => {
    const { userId } = await aPerson()
    await trust(userId, 'phone')
    under.clock.advance(31 * dayMs)
    const before = await shownRows(userId)
    await under.users.clean()
    expect([before, await shownRows(userId)]).toEqual([2, 0])
  })
})

async function shownRows(userId: string): Promise<number> {
  const text = 'SELECT count(*)::int AS rows FROM users.trusted_devices WHERE account_id = $1'
  return (await under.database.query<{ rows: number }>({ name: 'test_rows', text }, [userId]))[0]?.rows ?? -1
}
