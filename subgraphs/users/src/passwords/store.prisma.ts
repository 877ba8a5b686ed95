/** The password check in Postgres. */
import type { Database } from '@latchkey/prisma'
import { macColumns } from '../email/keyed-mac.ts'
import type { PasswordStore, SignInCandidate } from './store.ts'

const readCandidate = {
  name: 'users_sign_in_candidate',
  text: `SELECT a.id AS "userId", a.status = 'active' AS active, a.email_verified_at IS NOT NULL AS "emailVerified",
                p.hash AS phc, p.pepper_id AS "pepperId"
         FROM users.accounts a
         JOIN unnest($1::text[], $2::text[]) AS asked (key_id, value)
           ON a.email_index_key_id = asked.key_id AND a.email_index = asked.value
         JOIN users.passwords p ON p.account_id = a.id
         LIMIT 1`,
}

export const prismaPasswordStore = (database: Database): PasswordStore => ({
  async candidate(indexes) {
    const [found] = await database.query<SignInCandidate>(readCandidate, macColumns(indexes))
    return found ?? null
  },
})
