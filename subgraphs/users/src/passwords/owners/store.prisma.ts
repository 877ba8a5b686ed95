/** Owners of passwords in Postgres. */
import type { Database } from '@latchkey/prisma'
import { hasSecondFactor } from '../../second-factors/enrolled.prisma.ts'
import type { OwnerStore, StoredOwner } from './store.ts'

const readOwner = {
  name: 'users_password_owner',
  text: `SELECT a.email, a.display_name AS "displayName", a.profile, k.sealed_key AS "sealedKey",
                a.email_verified_at IS NOT NULL AND ${hasSecondFactor('a.id')} AS "hasSecondFactor"
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id
         WHERE a.id = $1`,
}

export const prismaOwnerStore = (database: Database): OwnerStore => ({
  async byId(accountId) {
    const [found] = await database.query<StoredOwner>(readOwner, [accountId])
    return found ?? null
  },
})
