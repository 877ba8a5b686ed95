/** What must not come back to life with an older copy of the database. */
import type pg from 'pg'

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
]

export async function endWhatMayHaveEnded(client: pg.ClientBase): Promise<void> {
  for (const statement of statements) await client.query(statement)
}
