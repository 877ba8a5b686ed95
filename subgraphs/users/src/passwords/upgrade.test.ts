import { systemEntropy } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { createKeyring } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import argon2 from 'argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  field,
  hashCost,
  rotated,
  startUsers,
  thePassword,
  type UsersUnderTest,
} from '../application.fixture.ts'
import { vectors } from './foreign/foreign-vectors.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

let people = 0
const anAddress = () => `person${people++}@example.com`

interface Kept {
  readonly hash: string
  readonly pepperId: string | null
  readonly changedAt: Date
}

async function kept(userId: string): Promise<Kept> {
  const text = `SELECT hash, pepper_id AS "pepperId", changed_at AS "changedAt" FROM users.passwords WHERE account_id = $1`
  const [found] = await under.database.query<Kept>({ name: 'test_kept', text }, [userId])
  return found ?? expect.fail('no password')
}

/** As an import leaves it. */
const keep = (userId: string, hash: string) =>
  under.database.query(
    { name: 'test_keep', text: 'UPDATE users.passwords SET hash = $2, pepper_id = NULL WHERE account_id = $1' },
    [userId, hash],
  )

const legacyHashes = async () => {
  const admin = aUser({ userId: 'usr_admin', scopes: ['users:read'] })
  const { data } = await ask(under.users.subgraph, admin, '{ credentialHealth { legacyHashes } }')
  return field<{ legacyHashes: number }>(data, 'credentialHealth').legacyHashes
}

const records = async (userId: string) => {
  const text = `SELECT action FROM users.audit_records WHERE target = $1 AND action = 'password.upgrade'`
  return (await under.database.query({ name: 'test_upgrades', text }, [userId])).length
}

const ours = new RegExp(`^\\$argon2id\\$v=19\\$m=${hashCost.memory},t=${hashCost.passes},p=1\\$`)
const outcome = async (email: string, password: string, users = under.users) =>
  field<{ outcome: string }>((await check(users, email, password)).data, 'checkPassword').outcome

describe('a foreign hash', () => {
  it.each(vectors)('is argon2id after the first right password: $source', async ({ password, hash }) => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    const before = await kept(userId)
    await keep(userId, hash)
    expect(await legacyHashes()).toBe(1)
    expect(await outcome(email, `x${password}`)).toBe('NO_MATCH')
    expect(await kept(userId)).toMatchObject({ hash, pepperId: null })
    expect(await outcome(email, password)).toBe('MATCH')
    const after = await kept(userId)
    expect(after.hash).toMatch(ours)
    expect(after.pepperId).toBe(before.pepperId)
    expect(after.changedAt).toEqual(before.changedAt)
    expect([await legacyHashes(), await records(userId)]).toEqual([0, 1])
    expect(await outcome(email, password)).toBe('MATCH')
    expect(await outcome(email, `x${password}`)).toBe('NO_MATCH')
    expect(await kept(userId)).toEqual(after)
  })

  it('that nothing can check matches nothing', async () => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    await keep(userId, '{SSHA}c2FsdA==')
    expect(await outcome(email, thePassword)).toBe('NO_MATCH')
    expect(await outcome(email, 'x'.repeat(1_000_000))).toBe('NO_MATCH')
    await keep(userId, 'gone')
    await under.database.query({ name: 'test_gone', text: 'DELETE FROM users.passwords WHERE account_id = $1' }, [
      userId,
    ])
  })
})

describe('a hash of ours', () => {
  it('is made anew after the pepper was rotated, by the next right password only', async () => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    const before = await kept(userId)
    const after = under.replica({ keyring: createKeyring(rotated(under.material, 'password'), systemEntropy) })
    expect(await outcome(email, 'wrong password', after)).toBe('NO_MATCH')
    expect(await kept(userId)).toEqual(before)
    expect(await outcome(email, thePassword, after)).toBe('MATCH')
    expect((await kept(userId)).pepperId).not.toBe(before.pepperId)
  })

  it('is made anew when it was cheaper than hashes are now', async () => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    const { keyId, mac } = createKeyring(under.material, systemEntropy).mac('password', thePassword)
    const cheap = await argon2.hash(mac, { memoryCost: 4_096, timeCost: 1, parallelism: 1 })
    await under.database.query(
      { name: 'test_cheaper', text: 'UPDATE users.passwords SET hash = $2, pepper_id = $3 WHERE account_id = $1' },
      [userId, cheap, keyId],
    )
    expect(await outcome(email, 'wrong password')).toBe('NO_MATCH')
    expect((await kept(userId)).hash).toBe(cheap)
    expect(await outcome(email, thePassword)).toBe('MATCH')
    expect((await kept(userId)).hash).toMatch(ours)
  })
})

describe('an upgrade', () => {
  it('undoes no change that was made meanwhile', async () => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    const [{ hash, password } = expect.fail()] = vectors
    await keep(userId, hash)
    const changed = under.replica({
      database: {
        ...under.database,
        // Somebody changes the password between the check and the upgrade.
        query: async (statement, values) => {
          if (statement.name === 'users_password_upgrade') await keep(userId, '$changed$meanwhile')
          return under.database.query(statement, values)
        },
      },
    })
    expect(await outcome(email, password, changed)).toBe('MATCH')
    expect((await kept(userId)).hash).toBe('$changed$meanwhile')
    expect(await records(userId)).toBe(0)
    await keep(userId, hash)
  })

  it('that cannot be written fails no sign-in', async () => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    const [{ hash, password } = expect.fail()] = vectors
    await keep(userId, hash)
    const broken = under.replica({
      database: {
        ...under.database,
        query: (statement, values) =>
          statement.name === 'users_password_upgrade'
            ? Promise.reject(new Error('the disk is full'))
            : under.database.query(statement, values),
      },
    })
    expect(await outcome(email, password, broken)).toBe('MATCH')
    expect((await kept(userId)).hash).toBe(hash)
  })

  it('happens once when fifty sign in at the same moment', async () => {
    const email = anAddress()
    const { userId } = await aMember(under.users, email)
    const [{ hash, password } = expect.fail()] = vectors
    await keep(userId, hash)
    const replicas = [under.users, under.replica()]
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) => outcome(email, password, replicas[index % 2])),
    )
    expect(new Set(all)).toEqual(new Set(['MATCH']))
    expect(await records(userId)).toBe(1)
  })
})
