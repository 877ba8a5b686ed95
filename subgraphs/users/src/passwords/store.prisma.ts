/** The password check in Postgres. */
import type { Database } from '@latchkey/prisma'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier } from '../identifiers/store.prisma.ts'
import type { PasswordStore, SignInCandidate } from './store.ts'

const readCandidate = {
  name: 'users_sign_in_candidate',
  text: `SELECT a.id AS "userId", a.status = 'active' AS active, a.email_verified_at IS NOT NULL AS "emailVerified",
                a.session_epoch AS "sessionEpoch", p.hash AS phc, p.pepper_id AS "pepperId"
         FROM users.accounts a JOIN users.passwords p ON p.account_id = a.id
         WHERE a.id = (${accountByIdentifier({ kind: 'email', keyIds: '$1', macs: '$2' })})`,
}

export const prismaPasswordStore = (database: Database): PasswordStore => ({
  async candidate(indexes) {
    const [found] = await database.query<SignInCandidate>(readCandidate, macColumns(indexes))
    return found ?? null
  },
})
