import { aService } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, startUsers, type UsersUnderTest, until } from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const grantsOf = (userId: string) =>
  ask(
    under.users.subgraph,
    aService('gateway'),
    'query ($id: ID!) { grants(userId: $id) { userId epoch active roles scopes } }',
    {
      id: userId,
    },
  )

const recorded = async (userId: string) => (await under.records.session('', userId)).grants

describe('grantRole', () => {
  it('makes an administrator, and every process knows when it resolves', async () => {
    const { userId } = await aMember(under.users, 'ada@example.com')
    await grantsOf(userId)
    expect(await recorded(userId)).toMatchObject({ epoch: 1, roles: ['user'] })
    expect(await under.users.grantRole('ADA@example.com', 'admin')).toEqual({ outcome: 'GRANTED', userId })
    expect(await recorded(userId)).toMatchObject({ epoch: 2, active: true, roles: ['admin', 'user'] })
    expect((await recorded(userId))?.scopes).toContain('users:read')
  })

  it('changes nothing when the role is held already', async () => {
    const { userId } = await aMember(under.users, 'held@example.com')
    expect(await under.users.grantRole('held@example.com', 'user')).toEqual({ outcome: 'HELD_ALREADY', userId })
    expect((await grantsOf(userId)).data).toMatchObject({ grants: { epoch: 1 } })
  })

  it('says when there is no such account or no such role', async () => {
    expect(await under.users.grantRole('unknown@example.com', 'admin')).toEqual({ outcome: 'UNKNOWN_ACCOUNT' })
    expect(await under.users.grantRole('no address', 'admin')).toEqual({ outcome: 'UNKNOWN_ACCOUNT' })
    expect(await under.users.grantRole('ada@example.com', 'root')).toEqual({ outcome: 'UNKNOWN_ROLE' })
  })

  it('moves the epoch once for each change, when several are made at once', async () => {
    const { userId } = await aMember(under.users, 'parallel@example.com')
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => under.users.grantRole('parallel@example.com', 'admin')),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'GRANTED')).toHaveLength(1)
    expect((await grantsOf(userId)).data).toMatchObject({ grants: { epoch: 2, roles: ['admin', 'user'] } })
  })

  it('is told by the outbox when the records could not be reached', async () => {
    const { userId } = await aMember(under.users, 'outage@example.com')
    let reachable = false
    const putGrants: typeof under.records.putGrants = async (grants) => {
      if (!reachable) throw new Problem('UNAVAILABLE')
      await under.records.putGrants(grants)
    }
    const cutOff = under.replica({ records: { ...under.records, putGrants } })
    expect(await cutOff.grantRole('outage@example.com', 'admin')).toEqual({ outcome: 'GRANTED', userId })
    reachable = true
    under.clock.advance(120_000)
    await until(async () => (await recorded(userId)) !== null)
    expect(await recorded(userId)).toMatchObject({ epoch: 2, roles: ['admin', 'user'] })
  })
})

describe('grants', () => {
  it('are null for an unknown account', async () => {
    expect(await grantsOf('usr_\u0000')).toEqual({ data: { grants: null } })
    expect(await grantsOf('usr_nobody')).toEqual({ data: { grants: null } })
  })

  it('say that a suspended account may not act', async () => {
    const { userId } = await aMember(under.users, 'eve@example.com')
    const suspend = {
      name: 'test_suspend',
      text: `UPDATE users.accounts SET status = 'suspended', grants_epoch = grants_epoch + 1 WHERE id = $1`,
    }
    await under.database.query(suspend, [userId])
    expect((await grantsOf(userId)).data).toMatchObject({ grants: { epoch: 2, active: false } })
    expect(await recorded(userId)).toMatchObject({ epoch: 2, active: false })
  })
})
