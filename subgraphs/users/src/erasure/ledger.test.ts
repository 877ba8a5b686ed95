import { hourMs } from '@latchkey/clock'
import { ask } from '@latchkey/subgraph/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aMember, startUsers, type UsersUnderTest, until } from '../application.fixture.ts'
import { ledgerOf, whereIs } from './erasure.fixture.ts'

let under: UsersUnderTest
beforeEach(async () => {
  under = await startUsers()
})
afterEach(() => under.close())

describe('the ledger', () => {
  /** What a restore from an old copy brings back: the rows as they were. */
  async function anOldCopy() {
    const rows = async (table: string, key: string, id: string) =>
      under.database.query<{ row: object }>(
        { name: `test_copy_${table}`, text: `SELECT to_jsonb(t) AS row FROM users.${table} t WHERE ${key} = $1` },
        [id],
      )
    return {
      take: async (id: string) => ({
        accounts: await rows('accounts', 'id', id),
        data_keys: await rows('data_keys', 'account_id', id),
        identifiers: await rows('identifiers', 'account_id', id),
      }),
      restore: async (copy: Record<string, { row: object }[]>) => {
        for (const [table, all] of Object.entries(copy))
          for (const { row } of all)
            await under.database.query(
              {
                name: `test_restore_${table}`,
                text: `INSERT INTO users.${table} SELECT * FROM jsonb_populate_record(NULL::users.${table}, $1::jsonb)`,
              },
              [JSON.stringify(row)],
            )
      },
    }
  }

  it('erases again, when it is due at any process, who was brought back', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    const { take, restore } = await anOldCopy()
    const copy = await take(person.userId)
    await under.users.erasure.eraseNow(person.userId)
    await restore(copy)
    expect(await whereIs(under, person.userId)).toContain('accounts')
    under.clock.advance(hourMs)
    under.replica()
    await until(async () => !(await whereIs(under, person.userId)).includes('accounts'))
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
  })

  it('erases an account that came back without its key, which nobody can read meanwhile', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    const { take, restore } = await anOldCopy()
    const { data_keys: keys, ...copy } = await take(person.userId)
    expect(keys).toHaveLength(1)
    await under.users.erasure.eraseNow(person.userId)
    await restore(copy)
    const { errors } = await ask(under.users.subgraph, person, '{ me { email displayName } }', {})
    expect(errors?.[0]?.extensions?.code).toBe('NOT_FOUND')
    expect(await under.users.erasure.run()).toMatchObject({ erased: 1 })
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
  })

  it('replayed on a copy that knows nothing of the erasure erases again, here and in every holder, and says whom', async () => {
    const person = await aMember(under.users, 'gone@example.com')
    const other = await aMember(under.users, 'other@example.com')
    const { take, restore } = await anOldCopy()
    const copy = await take(person.userId)
    await under.users.erasure.eraseNow(person.userId)
    const exported = await ledgerOf(under)
    await under.database.query({ name: 'test_forget_ledger', text: 'DELETE FROM users.erasures' }, [])
    await restore(copy)
    const entries = [...exported, { accountId: 'usr_of_an_older_copy', erasedAt: new Date(0) }]
    expect(await under.users.erasure.replay(entries)).toEqual({ entries: 2, erasedAgain: 1 })
    expect(await whereIs(under, person.userId)).toEqual(['audit_records', 'erasures'])
    expect(under.holders['api-keys'].erased).toContain('usr_of_an_older_copy')
    expect((await ledgerOf(under)).map(({ accountId }) => accountId).sort()).toEqual(
      entries.map(({ accountId }) => accountId).sort(),
    )
    expect(await under.users.erasure.replay(entries)).toEqual({ entries: 2, erasedAgain: 0 })
    expect(await whereIs(under, other.userId)).toContain('accounts')
  })
})
