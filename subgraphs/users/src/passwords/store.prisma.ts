/** The password check in Postgres. */
import type { Database } from '@latchkey/prisma'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier } from '../identifiers/store.prisma.ts'
import type { PasswordStore, SignInCandidate } from './store.ts'

const readCandidate = {
  name: 'users_sign_in_candidate',
  text: `SELECT a.id AS "userId", a.status = 'active' AS active, coalesce(a.email_verified_at IS NOT NULL OR a.created_at > $3, false) AS "emailVerified",
                a.session_epoch AS "sessionEpoch", p.hash AS phc, p.pepper_id AS "pepperId"
         FROM users.accounts a JOIN users.passwords p ON p.account_id = a.id
         WHERE a.id = (${accountByIdentifier({ kind: 'email', keyIds: '$1', macs: '$2' })})`,
}

// When the password was changed stays as it is: it is the same password.
const upgradeHash = {
  name: 'users_password_upgrade',
  text: `WITH upgraded AS (
           UPDATE users.passwords SET hash = $3, pepper_id = $4 WHERE account_id = $1 AND hash = $2 RETURNING account_id),
         record AS (${insertAuditRecord('$5', 'upgraded')})
         SELECT account_id FROM upgraded`,
}

const countLegacy = {
  name: 'users_legacy_hashes',
  text: 'SELECT count(*)::int AS legacy FROM users.passwords WHERE pepper_id IS NULL',
}

/** `unconfirmedSince`: accounts opened after it count as verified, where unconfirmed ones may sign in at all. */
export const prismaPasswordStore = (
  database: Database,
  unconfirmedSince: () => Date | null = () => null,
): PasswordStore => ({
  async candidate(indexes) {
    const [found] = await database.query<SignInCandidate>(readCandidate, [...macColumns(indexes), unconfirmedSince()])
    return found ?? null
  },
  async upgrade({ accountId, from, to, record }) {
    const parameters = [accountId, from, to.phc, to.pepperId, auditJson(record)]
    return (await database.query(upgradeHash, parameters)).length === 1
  },
  async legacyHashes() {
    const [counted] = await database.query<{ legacy: number }>(countLegacy, [])
    return counted?.legacy ?? 0
  },
})
