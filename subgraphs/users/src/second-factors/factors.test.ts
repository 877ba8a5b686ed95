import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startUsers, type UsersUnderTest } from '../application.fixture.ts'
import { codesOf, mutate } from './factors.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

it.each(['usr_unknown', '', 'usr_\u0000', "' OR 1=1 --"])(
  'of %j are not found, whatever is asked of them',
  async (id) => {
    const admin = aUser({ userId: 'usr_admin', scopes: ['users:read'] })
    const query = `query ($of: [_Any!]!) { _entities(representations: $of) {
      ... on User { secondFactors recoveryCodesLeft passkeys { id } } } }`
    const answer = await mutate(under.users, admin, query, { of: [{ __typename: 'User', id }] })
    expect(codesOf(answer)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  },
)
