/** Addressees in Postgres. */
import type { Database } from '@latchkey/prisma'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier } from '../identifiers/store.prisma.ts'
import type { AddresseeStore, StoredAddressee } from './addressee.ts'

const readAddressee = {
  name: 'users_addressee',
  text: `SELECT a.id AS "accountId", a.status, a.email, a.profile, k.sealed_key AS "sealedKey"
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id
         WHERE a.id = (${accountByIdentifier({ kind: 'email', keyIds: '$1', macs: '$2' })})`,
}

export const prismaAddresseeStore = (database: Database): AddresseeStore => ({
  async addressee(indexes) {
    const [found] = await database.query<StoredAddressee>(readAddressee, macColumns(indexes))
    return found ?? null
  },
})
