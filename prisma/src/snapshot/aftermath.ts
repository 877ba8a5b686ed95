/** What must not come back to life with an older copy of the database. */
import type pg from 'pg'

/** `what may have ended`: since the copy was made. `what somebody may hold`: of that time, API keys and codes included. */
export type Aftermath = 'end what may have ended' | 'end what somebody may hold'

/** What was ended besides, counted; nothing is when it was not asked for. */
export interface Ended {
  readonly keysDisabled: number
  readonly recoveryCodes: number
}

/** Further than anything can have moved on since the copy was made. */
const leap = 1_000_000

/** What has been ended or used since the copy was made is not known: so all of its kind is ended. */
const statements = [
  // Every session and every trusted device, also those of an older copy of Redis; grants and keys that somebody remembers are older.
  `UPDATE users.accounts SET session_epoch = session_epoch + ${leap}, session_kept = NULL, grants_epoch = grants_epoch + ${leap}`,
  `UPDATE api_keys.api_keys SET version = version + ${leap}`,
  // Links and codes in mails may have been used. What they open, or take back, can be asked for again.
  `DELETE FROM users.one_time_tokens WHERE purpose IN ('reset-password', 'change-email', 'sign-in')`,
  'DELETE FROM users.email_codes',
  'DELETE FROM users.passkey_enrolments',
  // What was over or erased by then has come back: it is looked for at once, and not when it is due again.
  ...['users', 'sessions', 'api_keys'].map(
    (schema) => `UPDATE ${schema}.cleanups SET due_at = now(), holder = NULL, leased_until = NULL`,
  ),
]

const restLinks = 'DELETE FROM users.one_time_tokens'
const disableKeys = `UPDATE api_keys.api_keys SET disabled_at = now()
  WHERE disabled_at IS NULL AND revoked_at IS NULL AND expires_at > now()`
const voidCodes = 'DELETE FROM users.recovery_codes WHERE used_at IS NULL'

const record = (schema: string) => `
  INSERT INTO ${schema}.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id, detail)
  VALUES ('aud_' || replace(gen_random_uuid()::text, '-', ''), now(), 'operator', $3, $1, 'all', 'done', 'operator', $2)`

/** Whoever held one at the time of the copy holds it still. Its owner takes up a key again, or rotates it. */
async function endWhatSomebodyMayHold(client: pg.ClientBase): Promise<Ended> {
  await client.query(restLinks)
  const { rowCount: keys } = await client.query(disableKeys)
  const { rowCount: codes } = await client.query(voidCodes)
  const ended = { keysDisabled: keys ?? 0, recoveryCodes: codes ?? 0 }
  await client.query(record('api_keys'), ['restore.keys-disabled', { keys: ended.keysDisabled }, 'operator'])
  await client.query(record('users'), ['restore.codes-voided', { recoveryCodes: ended.recoveryCodes }, null])
  return ended
}

export async function endAfterRestore(client: pg.ClientBase, aftermath: Aftermath): Promise<Ended> {
  for (const statement of statements) await client.query(statement)
  if (aftermath === 'end what may have ended') return { keysDisabled: 0, recoveryCodes: 0 }
  return endWhatSomebodyMayHold(client)
}
