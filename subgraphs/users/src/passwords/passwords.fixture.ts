/** What tests of passwords ask, and how they look at what is kept. */
import type { Principal } from '@latchkey/principal'
import { anonymous } from '@latchkey/principal'
import { ask } from '@latchkey/subgraph/testing'
import type { Client } from '@latchkey/subgraph/transport'
import { check, field, mailsTo, tokenIn, type UsersUnderTest } from '../application.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'

export const newPassword = 'another horse battery'

interface Outcome {
  readonly outcome?: string
  readonly code?: unknown
  readonly fields?: unknown
  readonly retryAfterMs?: unknown
}

/** The outcome of a mutation, or what it was refused with. */
async function outcomeOf(
  users: UsersApplication,
  principal: Principal,
  name: string,
  input: object,
  client?: Client,
): Promise<Outcome> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { outcome } }`
  const { data, errors } = await ask(users.subgraph, principal, query, { input }, client)
  return { ...field<Outcome>(data, name), ...errors?.[0]?.extensions }
}

export const change = (
  users: UsersApplication,
  who: Principal,
  input: { currentPassword: string; newPassword: string },
): Promise<Outcome> => outcomeOf(users, who, 'changePassword', input)

export const requestReset = (users: UsersApplication, email: string, client?: Client): Promise<Outcome> =>
  outcomeOf(users, anonymous, 'requestPasswordReset', { email }, client)

export const reset = (users: UsersApplication, token: string, password = newPassword): Promise<Outcome> =>
  outcomeOf(users, anonymous, 'resetPassword', { token, newPassword: password })

export const accept = (users: UsersApplication, token: string, password = newPassword): Promise<Outcome> =>
  outcomeOf(users, anonymous, 'acceptInvitation', { token, password })

export async function signsIn(users: UsersApplication, email: string, password: string): Promise<boolean> {
  const { data } = await check(users, email, password)
  return field<{ outcome: string }>(data, 'checkPassword').outcome === 'MATCH'
}

/** The token from the newest of `count` mails with a link to set a password. */
export async function resetTokenOf(users: UsersApplication, email: string, count = 1): Promise<string> {
  for (let tries = 0; ; tries++) {
    const mails = (await mailsTo(users, email, 1)).filter(({ text }) => text.includes('/reset-password?token='))
    if (mails.length >= count) return tokenIn(mails.at(-1)?.text)
    if (tries > 200) throw new Error(`no link came to ${email}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface AccountRow {
  readonly status: string
  readonly verified: boolean
  readonly sessionEpoch: number
  readonly sessionKept: string | null
  readonly grantsEpoch: number
}

export async function accountRow({ database }: UsersUnderTest, userId: string): Promise<AccountRow> {
  const text = `SELECT status, email_verified_at IS NOT NULL AS verified, session_epoch AS "sessionEpoch",
                       session_kept AS "sessionKept", grants_epoch AS "grantsEpoch" FROM users.accounts WHERE id = $1`
  const [found] = await database.query<AccountRow>({ name: 'test_account_row', text }, [userId])
  if (!found) throw new Error(`no account ${userId}`)
  return found
}

export async function auditOf({ database }: UsersUnderTest, userId: string, action: string): Promise<string[]> {
  const text = 'SELECT outcome FROM users.audit_records WHERE target = $1 AND action = $2 ORDER BY id'
  const found = await database.query<{ outcome: string }>({ name: 'test_audit_of', text }, [userId, action])
  return found.map(({ outcome }) => outcome)
}

export const setStatus = ({ database }: UsersUnderTest, userId: string, status: string) =>
  database.query({ name: 'test_set_status', text: 'UPDATE users.accounts SET status = $2 WHERE id = $1' }, [
    userId,
    status,
  ])

export const dropPassword = ({ database }: UsersUnderTest, userId: string) =>
  database.query({ name: 'test_drop_password', text: 'DELETE FROM users.passwords WHERE account_id = $1' }, [userId])

export const confirmTotp = ({ database, clock }: UsersUnderTest, userId: string) =>
  database.query(
    {
      name: 'test_confirm_totp',
      text: `INSERT INTO users.totp_factors (account_id, secret, created_at, confirmed_at) VALUES ($1, 'sealed', $2, $2)`,
    },
    [userId, clock.now()],
  )
