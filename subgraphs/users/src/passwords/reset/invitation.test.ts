import { dayMs, systemEntropy as entropy } from '@latchkey/clock'
import { createKeyring } from '@latchkey/secrets'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, startUsers, thePassword, type UsersUnderTest } from '../../application.fixture.ts'
import { parseEmailAddress } from '../../email/email-address.ts'
import { createBlindIndexer } from '../../identifiers/blind-index.ts'
import { createTokenIssuer } from '../../one-time-tokens/issuer.ts'
import { tokenColumns, tokenRow } from '../../one-time-tokens/store.prisma.ts'
import { insertRow, rowJson } from '../../sql.ts'
import {
  accept,
  accountRow,
  auditOf,
  dropPassword,
  newPassword,
  reset,
  setStatus,
  signsIn,
} from '../passwords.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

let people = 0
/** An account as an administrator makes it: without a password, its address not confirmed, the token in a mail. */
async function anInvited() {
  const email = `invited${people++}@example.com`
  const { userId } = await aMember(under.users, email)
  await dropPassword(under, userId)
  const text = 'UPDATE users.accounts SET email_verified_at = NULL WHERE id = $1'
  await under.database.query({ name: 'test_unverified', text }, [userId])
  return { email, userId, token: await invite(email, userId) }
}

async function invite(email: string, userId: string): Promise<string> {
  const keyring = createKeyring(under.material, entropy)
  const address = parseEmailAddress(email) ?? expect.fail(email)
  const emailIndex = createBlindIndexer(keyring).newest(address)
  const tokens = createTokenIssuer({ keyring, clock: under.clock, entropy })
  const { token, kept } = tokens.issue({ purpose: 'invitation', subjectId: userId, emailIndex })
  const insert = insertRow({ table: 'users.one_time_tokens', columns: tokenColumns, parameter: '$1' })
  await under.database.query({ name: 'test_invite', text: insert }, [rowJson(tokenRow(kept))])
  return token
}

const refused = { outcome: 'REFUSED' }

describe('acceptInvitation', () => {
  it('sets the first password, confirms the address and is on record', async () => {
    const { email, userId, token } = await anInvited()
    expect(await signsIn(under.users, email, newPassword)).toBe(false)
    expect(await accept(under.users, token)).toEqual({ outcome: 'ACCEPTED' })
    expect(await signsIn(under.users, email, newPassword)).toBe(true)
    expect((await accountRow(under, userId)).verified).toBe(true)
    expect(await auditOf(under, userId, 'invitation.accept')).toEqual(['accepted'])
    expect(await accept(under.users, token, 'a third horse battery')).toEqual(refused)
  })

  it('works for a week', async () => {
    const { token } = await anInvited()
    const late = await anInvited()
    under.clock.advance(7 * dayMs - 1)
    expect(await accept(under.users, token)).toEqual({ outcome: 'ACCEPTED' })
    under.clock.advance(1)
    expect(await accept(under.users, late.token)).toEqual(refused)
  })

  it('is not used up by a password that is refused', async () => {
    const { token } = await anInvited()
    const bad = { code: 'BAD_USER_INPUT', fields: { 'input.password': 'must be at least 12 characters' } }
    expect(await accept(under.users, token, 'short')).toEqual(bad)
    expect(await accept(under.users, token)).toEqual({ outcome: 'ACCEPTED' })
  })

  it('is no reset: neither for who has a password, nor as the token of one', async () => {
    const { email, userId } = await aMember(under.users, 'member@example.com').then((who) => ({
      ...who,
      email: 'member@example.com',
    }))
    const token = await invite(email, userId)
    expect(await accept(under.users, token)).toEqual(refused)
    expect(await reset(under.users, token)).toEqual(refused)
    expect(await signsIn(under.users, email, thePassword)).toBe(true)
  })

  it('is refused to a suspended account', async () => {
    const { userId, token } = await anInvited()
    await setStatus(under, userId, 'suspended')
    expect(await accept(under.users, token)).toEqual(refused)
  })

  it('happens once of fifty at the same moment', async () => {
    const { userId, token } = await anInvited()
    const replicas = [under.users, under.replica()] as const
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => accept(replicas[index % 2 === 0 ? 0 : 1], token)),
    )
    expect(answers.filter(({ outcome }) => outcome === 'ACCEPTED')).toHaveLength(1)
    expect(await auditOf(under, userId, 'invitation.accept')).toEqual(['accepted'])
  })
})
