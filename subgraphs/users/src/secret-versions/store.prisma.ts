/** Indexes of registrations in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { RegistrationIndexStore, WaitingRegistration } from './store.ts'

const named = {
  name: 'users_registrations_named_otherwise',
  text: `SELECT id, personal FROM users.registrations
         WHERE email_index_key_id <> $1 AND id > $2 ORDER BY id LIMIT $3`,
}
const rename = {
  name: 'users_registrations_rename',
  text: `WITH given AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (id text, "keyId" text, mac text)),
         moved AS (
           UPDATE users.registrations r SET email_index_key_id = g."keyId", email_index = g.mac
           FROM given g WHERE r.id = g.id RETURNING r.id),
         mailed AS (
           UPDATE users.one_time_tokens t SET email_index_key_id = g."keyId", email_index = g.mac
           FROM given g WHERE t.subject_id = g.id AND t.consumed_at IS NULL RETURNING t.id)
         SELECT count(*)::int AS count FROM moved`,
}

export const prismaRegistrationIndexStore = (database: Pick<Database, 'query'>): RegistrationIndexStore => ({
  named: ({ keyId, after, max }) => database.query<WaitingRegistration>(named, [keyId, after, max]),
  async rename(registrations) {
    const [answer] = await database.query<{ count: number }>(rename, [JSON.stringify(registrations)])
    return answer?.count ?? 0
  },
})
