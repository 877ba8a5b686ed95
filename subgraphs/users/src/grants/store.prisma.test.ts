import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anAdministrator, mutate } from '../administration/administration.fixture.ts'
import { aMember, startUsers, type UsersUnderTest } from '../application.fixture.ts'
import { prismaGrantsStore } from './store.prisma.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

const day = 86_400_000

describe('the roles that an account holds', () => {
  it('ask for a second factor as the strictest role on the way to them, by the most lenient way', async () => {
    const root = await anAdministrator(under, 'root@example.com')
    const make = (name: string, includes: readonly string[], secondFactorWithinDays: number | null = null) =>
      mutate(under.users, root, 'createRole', { name, description: name, includes, secondFactorWithinDays })
    await make('low', [])
    await make('strict', ['low'], 7)
    await make('stricter', ['low'], 1)
    await make('by-strict', ['strict', 'stricter'])
    await make('both', ['low', 'strict'])
    const store = prismaGrantsStore(under.database)
    const endsOf = async (email: string, role: string) => {
      const { userId } = await aMember(under.users, email)
      const grantedAtMs = under.clock.now().getTime()
      await mutate(under.users, root, 'grantRole', { userId, role })
      const roles = (await store.byUser(userId))?.roles ?? []
      return Object.fromEntries(
        roles.map(({ name, graceEndsAtMs: ends }) => [name, ends === null ? null : (ends - grantedAtMs) / day]),
      )
    }
    expect(await endsOf('a@example.com', 'strict')).toEqual({ low: 7, strict: 7, user: null })
    expect(await endsOf('b@example.com', 'by-strict')).toEqual({
      'by-strict': null,
      low: 7,
      strict: 7,
      stricter: 1,
      user: null,
    })
    expect(await endsOf('c@example.com', 'both')).toEqual({ both: null, low: null, strict: 7, user: null })
  })
})
