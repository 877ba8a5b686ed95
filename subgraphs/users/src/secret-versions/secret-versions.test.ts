import { systemEntropy } from '@latchkey/clock'
import { createKeyring, type KeyringMaterial, type Purpose } from '@latchkey/secrets'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  aMember,
  mailsTo,
  register,
  rotated,
  startUsers,
  tokenIn,
  type UsersUnderTest,
  verify,
} from '../application.fixture.ts'

let under: UsersUnderTest
beforeEach(async () => {
  under = await startUsers()
})
afterEach(() => under.close())

const under2 = (material: KeyringMaterial) => under.replica({ keyring: createKeyring(material, systemEntropy) })
const newestId = (material: KeyringMaterial, purpose: Purpose) => material[purpose]?.[0]?.id ?? ''
const only = (material: KeyringMaterial, purpose: Purpose): KeyringMaterial => ({
  ...material,
  [purpose]: material[purpose]?.slice(0, 1) ?? [],
})

async function needing(users: UsersUnderTest['users'], version: string): Promise<Record<string, number>> {
  const counts = await users.secretVersions.counts()
  return Object.fromEntries(
    counts.filter((each) => each.version === version).map(({ column, needed }) => [column, needed]),
  )
}

describe('what is sealed', () => {
  it('is counted under its version, moved to the newest in batches, and opens without the old one', async () => {
    await aMember(under.users, 'ada@example.com')
    for (let at = 0; at < 3; at++) await register(under.users, `waiting${at}@example.com`)
    const oldId = newestId(under.material, 'data')
    const both = rotated(under.material, 'data')
    const rotating = under2(both)
    expect(await needing(rotating, oldId)).toMatchObject({
      'users.data_keys.sealed_key': 1,
      'users.registrations.personal': 3,
    })
    const runs = await Promise.all([1, 2, 3].map(() => under2(both).secretVersions.reencrypt('data')))
    expect(runs.reduce((sum, moved) => sum + moved, 0)).toBeGreaterThanOrEqual(4)
    expect(await rotating.secretVersions.reencrypt('data')).toBe(0)
    const left = await needing(rotating, oldId)
    for (const column of ['users.data_keys.sealed_key', 'users.registrations.personal', 'users.outbox.payload'])
      expect(left[column]).toBeUndefined()
    const without = under2(only(both, 'data'))
    const mails = await mailsTo(without, 'waiting0@example.com')
    expect((await verify(without, tokenIn(mails[0]?.text))).data).toEqual({ verifyEmail: { outcome: 'VERIFIED' } })
  })

  it('is named when nothing opens it, and stays as it is', async () => {
    await aMember(under.users, 'ada@example.com')
    const spoil = `UPDATE users.data_keys SET sealed_key = 'gone.' || substr(sealed_key, 8)`
    await under.database.query({ name: 'test_spoil', text: spoil }, [])
    await expect(under.users.secretVersions.reencrypt('data')).rejects.toThrow(
      /of users.data_keys.sealed_key cannot be opened/,
    )
    expect(await needing(under.users, 'gone')).toEqual({ 'users.data_keys.sealed_key': 1 })
  })
})

describe('what people are found by', () => {
  it('moves with registrations that wait and what was mailed about them; then the old version may go, with its rows', async () => {
    await aMember(under.users, 'ada@example.com')
    await register(under.users, 'waiting@example.com')
    const oldId = newestId(under.material, 'blind-index')
    const both = rotated(under.material, 'blind-index')
    const rotating = under2(both)
    expect(await needing(rotating, oldId)).toMatchObject({
      'users.identifiers.key_id': 1,
      'users.registrations.email_index_key_id': 1,
    })
    expect(await rotating.secretVersions.reencrypt('blind-index')).toBe(2)
    expect(Object.values(await needing(rotating, oldId)).every((needed) => needed === 0)).toBe(true)
    expect(await rotating.secretVersions.purge('blind-index', oldId)).toBeGreaterThan(0)
    const without = under2(only(both, 'blind-index'))
    const mails = await mailsTo(without, 'waiting@example.com')
    expect((await verify(without, tokenIn(mails[0]?.text))).data).toEqual({ verifyEmail: { outcome: 'VERIFIED' } })
    expect(await without.accountIdOf('ada@example.com')).not.toBeNull()
  })

  it('is not removed while its account has no row for the newest version', async () => {
    await aMember(under.users, 'ada@example.com')
    const oldId = newestId(under.material, 'blind-index')
    const rotating = under2(rotated(under.material, 'blind-index'))
    await rotating.secretVersions.purge('blind-index', oldId)
    expect(await needing(rotating, oldId)).toMatchObject({ 'users.identifiers.key_id': 1 })
    expect(await under.users.accountIdOf('ada@example.com')).not.toBeNull()
  })
})

it('a password needs its pepper until somebody signs in with it', async () => {
  await aMember(under.users, 'ada@example.com')
  const rotating = under2(rotated(under.material, 'password'))
  expect(await needing(rotating, newestId(under.material, 'password'))).toMatchObject({
    'users.passwords.pepper_id': 1,
  })
  expect(await rotating.secretVersions.reencrypt('password')).toBe(0)
})
