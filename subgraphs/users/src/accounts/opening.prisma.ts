/** The opening of an account in Postgres: the parts of the statements that do it. */
import { insertRow, rowJson } from '../sql.ts'
import type { NewAccount } from './opening.ts'

const accountColumns = ['id', 'status', 'email', 'email_verified_at', 'display_name', 'profile', 'created_at']

export interface OpeningParameters {
  readonly account: `$${number}`
  readonly sealedKey: `$${number}`
  readonly role: `$${number}`
}

/**
 * The CTEs `opened` (`account_id`, `opened_at`), `data_key`, `role` and `password`: an account for the one row of the CTE
 * `from`, which has `password_hash`, `pepper_id` and `registered_at`. Its identifiers are for the caller.
 */
export const openAccountFrom = (from: string, { account, sealedKey, role }: OpeningParameters): string =>
  `opened AS (
     ${insertRow({ table: 'users.accounts', columns: accountColumns, parameter: account, onlyFor: from })}
     RETURNING id AS account_id, created_at AS opened_at),
   data_key AS (
     INSERT INTO users.data_keys (account_id, sealed_key, created_at) SELECT account_id, ${sealedKey}, opened_at FROM opened),
   role AS (
     INSERT INTO users.role_grants (account_id, role, granted_at) SELECT account_id, ${role}, opened_at FROM opened),
   password AS (
     INSERT INTO users.passwords (account_id, hash, pepper_id, changed_at)
     SELECT account_id, password_hash, pepper_id, registered_at FROM opened, ${from})`

export const openingRow = (account: NewAccount): [row: string, sealedKey: string, role: string] => [
  rowJson({
    id: account.id,
    status: 'active',
    email: account.email,
    email_verified_at: account.verifiedAt,
    display_name: account.displayName,
    profile: account.profile,
    created_at: account.openedAt,
  }),
  account.sealedKey,
  account.role,
]
