/** What is known of an address, in Postgres. */
import type { Database } from '@latchkey/prisma'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier } from '../identifiers/store.prisma.ts'
import type { StandingStore, StoredStanding } from './standing.ts'

const readStanding = {
  name: 'users_address_standing',
  text: `SELECT a.id AS "accountId", a.email_verified_at IS NOT NULL AS confirmed, a.profile, k.sealed_key AS "sealedKey",
                a.created_at AS "openedAt", r.id AS "registrationId", r.personal, r.created_at AS "registeredAt"
         FROM (SELECT) AS asked
         LEFT JOIN users.accounts a ON a.id = (${accountByIdentifier({ kind: 'email', keyIds: '$1', macs: '$2' })})
         LEFT JOIN users.data_keys k ON k.account_id = a.id
         LEFT JOIN LATERAL (
           SELECT w.id, w.personal, w.created_at FROM users.registrations w
           WHERE (w.email_index_key_id, w.email_index) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND w.expires_at > $3
           ORDER BY w.created_at DESC, w.id DESC LIMIT 1) AS r ON true`,
}

const nothing: StoredStanding = {
  accountId: null,
  confirmed: false,
  profile: null,
  sealedKey: null,
  openedAt: null,
  registrationId: null,
  personal: null,
  registeredAt: null,
}

export const prismaStandingStore = (database: Database): StandingStore => ({
  async standing(indexes, at) {
    const [found] = await database.query<StoredStanding>(readStanding, [...macColumns(indexes), at])
    return found ?? nothing
  },
})
