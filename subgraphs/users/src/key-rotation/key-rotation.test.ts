import { systemEntropy } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { createKeyring, type KeyringMaterial } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { anAdministrator, mutate } from '../administration/administration.fixture.ts'
import {
  aMember,
  check,
  mailsTo,
  register,
  rotated,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
  verify,
} from '../application.fixture.ts'

let under: UsersUnderTest
beforeEach(async () => {
  under = await startUsers()
})
afterEach(() => under.close())

const keyringOf = (material: KeyringMaterial) => createKeyring(material, systemEntropy)
const replicaWith = (material: KeyringMaterial) => under.replica({ keyring: keyringOf(material) })
const newestId = (material: KeyringMaterial, purpose: 'blind-index' | 'data') => material[purpose]?.[0]?.id ?? ''
/** The same keyring without the older versions. */
const withoutOld = (material: KeyringMaterial, purpose: 'blind-index' | 'data'): KeyringMaterial => ({
  ...material,
  [purpose]: (material[purpose] ?? []).slice(0, 1),
})
const isFound = async (users: UsersUnderTest['users'], email: string) =>
  (await check(users, email, thePassword)).data?.checkPassword
const found = { outcome: 'MATCH' }

describe('the blind index', () => {
  it('is written under every key while it rotates, filled up, and the old key retired: everyone is found throughout', async () => {
    await aMember(under.users, 'early@example.com')
    const both = rotated(under.material, 'blind-index')
    const [oldKey, newKey] = [newestId(under.material, 'blind-index'), newestId(both, 'blind-index')]
    const rotating = replicaWith(both)
    expect(await isFound(rotating, 'early@example.com')).toMatchObject(found)
    await aMember(rotating, 'during@example.com')
    expect(await isFound(under.users, 'during@example.com')).toMatchObject(found)

    expect(await rotating.keyRotation.retire(oldKey)).toEqual({ outcome: 'IN_USE' })
    const only = replicaWith(withoutOld(both, 'blind-index'))
    expect(await only.keyRotation.retire(oldKey)).toEqual({ outcome: 'NEEDED' })
    expect(await isFound(only, 'early@example.com')).toMatchObject({ outcome: 'NO_MATCH' })

    const done = await rotating.keyRotation.reindex()
    const rows = [
      { keyId: oldKey, rows: 2 },
      { keyId: newKey, rows: 2 },
    ].sort((a, b) => (a.keyId < b.keyId ? -1 : 1))
    expect(done).toEqual({ added: 1, left: 0, byKey: expect.arrayContaining(rows) })
    expect(await rotating.keyRotation.reindex()).toMatchObject({ added: 0, left: 0 })
    for (const email of ['early@example.com', 'during@example.com'])
      expect(await isFound(only, email)).toMatchObject(found)

    expect(await only.keyRotation.retire(oldKey)).toEqual({ outcome: 'RETIRED', removed: 2 })
    expect((await only.keyRotation.reindex()).byKey).toEqual([{ keyId: newKey, rows: 2 }])
    for (const email of ['early@example.com', 'during@example.com'])
      expect(await isFound(only, email)).toMatchObject(found)
  })

  it('keeps what left by mail good: an account that is open unconfirmed is confirmed under the new key', async () => {
    const off = { emailVerification: { kind: 'off' } } as const
    const open = under.replica(off)
    await register(open, 'unconfirmed@example.com')
    const token = tokenIn((await mailsTo(open, 'unconfirmed@example.com'))[0]?.text)
    const both = rotated(under.material, 'blind-index')
    await replicaWith(both).keyRotation.reindex()
    const only = under.replica({ ...off, keyring: keyringOf(withoutOld(both, 'blind-index')) })
    await only.keyRotation.retire(newestId(under.material, 'blind-index'))
    const confirm = 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { outcome } }'
    const { data } = await ask(only.subgraph, anonymous, confirm, { input: { token, password: thePassword } })
    expect(data).toEqual({ verifyEmail: { outcome: 'VERIFIED' } })
  })

  it('is filled up for user names and external ids as well, however they are written', async () => {
    const person = await aMember(under.users, 'named@example.com')
    const named = { version: 1, username: 'Ada.Clover10' }
    const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { username } } }'
    await ask(under.users.subgraph, person, update, { input: named })
    const administrator = await anAdministrator(under, 'root@example.com')
    const details = { id: person.userId, version: 2, externalId: '  Cafe\u0301 No. 7 ' }
    expect((await mutate(under.users, administrator, 'updateUser', details)).code).toBeUndefined()

    const both = rotated(under.material, 'blind-index')
    expect(await replicaWith(both).keyRotation.reindex()).toMatchObject({ added: 4, left: 0 })
    const only = replicaWith(withoutOld(both, 'blind-index'))
    expect(await only.keyRotation.retire(newestId(under.material, 'blind-index'))).toMatchObject({ removed: 4 })
    const other = await aMember(only, 'other@example.com')
    const sameName = { version: 1, username: 'ada_c1over1O' }
    const taken = await ask(only.subgraph, other, update, { input: sameName })
    expect(taken.errors?.[0]?.extensions?.code).toBe('CONFLICT')
    const sameId = { id: other.userId, version: 1, externalId: 'Caf\u00e9 No. 7' }
    expect((await mutate(only, administrator, 'updateUser', sameId)).code).toBe('CONFLICT')
  })

  it('makes one account of one address, confirmed at once by processes with the old and with both keys', async () => {
    const rotating = replicaWith(rotated(under.material, 'blind-index'))
    for (let round = 0; round < 10; round++) {
      const email = `twice${round}@example.com`
      await Promise.all([register(under.users, email), register(rotating, email)])
      const mails = await mailsTo(under.users, email, 2)
      const outcomes = await Promise.all(
        mails.map(({ text }, at) => verify(at % 2 ? rotating : under.users, tokenIn(text))),
      )
      const verdicts = outcomes.map(({ data }) => (data as { verifyEmail: { outcome: string } }).verifyEmail.outcome)
      expect(verdicts.sort()).toEqual(['REFUSED', 'VERIFIED'])
      const known = await Promise.all([isFound(under.users, email), isFound(rotating, email)])
      expect(known[0]).toMatchObject(found)
      expect(known[1]).toEqual(known[0])
    }
  })

  it('is filled up by several at once, beside people who open accounts, each row once', async () => {
    for (let at = 0; at < 8; at++) await aMember(under.users, `many${at}@example.com`)
    const both = rotated(under.material, 'blind-index')
    const replicas = [replicaWith(both), replicaWith(both), replicaWith(both)]
    const [joining, ...runs] = await Promise.all([
      aMember(replicas[0] ?? under.users, 'joining@example.com'),
      ...replicas.map(({ keyRotation }) => keyRotation.reindex()),
    ])
    expect(runs.reduce((sum, { added }) => sum + added, 0)).toBe(8)
    const { byKey, left } = await (replicas[0] ?? under.users).keyRotation.reindex()
    expect([byKey.map(({ rows }) => rows), left]).toEqual([[9, 9], 0])
    expect(await isFound(under.users, 'joining@example.com')).toMatchObject({ ...found, userId: joining.userId })
  })

  it('gives no row to an account whose identifier was changed meanwhile', async () => {
    const person = await aMember(under.users, 'changing@example.com')
    const rotating = replicaWith(rotated(under.material, 'blind-index'))
    const text = `UPDATE users.identifiers SET mac = 'of another address' WHERE account_id = $1`
    await under.database.query({ name: 'test_change_identifier', text }, [person.userId])
    expect(await rotating.keyRotation.reindex()).toMatchObject({ added: 0, left: 1 })
  })
})

describe('data keys', () => {
  it('are sealed anew under the newest version; the old one is not needed any more, and nothing is lost', async () => {
    const people = [await aMember(under.users, 'one@example.com'), await aMember(under.users, 'two@example.com')]
    const both = rotated(under.material, 'data')
    const rotating = replicaWith(both)
    const done = await rotating.keyRotation.reseal()
    expect(done).toEqual({ resealed: 2, byVersion: [{ keyId: newestId(both, 'data'), rows: 2 }] })
    expect(await rotating.keyRotation.reseal()).toMatchObject({ resealed: 0 })
    const only = replicaWith(withoutOld(both, 'data'))
    for (const person of people) {
      const { data } = await ask(only.subgraph, person, '{ me { email displayName } }', {})
      expect(data?.me).toMatchObject({ displayName: 'Ada' })
    }
  })

  it('are replaced by compare and swap: of several at once each is replaced once', async () => {
    for (let at = 0; at < 6; at++) await aMember(under.users, `key${at}@example.com`)
    const both = rotated(under.material, 'data')
    const runs = await Promise.all([1, 2, 3].map(() => replicaWith(both).keyRotation.reseal()))
    expect(runs.reduce((sum, { resealed }) => sum + resealed, 0)).toBe(6)
  })
})
