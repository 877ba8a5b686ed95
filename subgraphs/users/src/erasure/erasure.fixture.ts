/** What tests of erasure look for: everything that is left of somebody. */
import type { UsersUnderTest } from '../application.fixture.ts'
import type { LedgerEntry } from './erasure.ts'

const tables = [
  ...['accounts', 'identifiers', 'data_keys', 'passwords', 'role_grants', 'registrations', 'one_time_tokens', 'outbox'],
  ...[
    'mail_allowances',
    'totp_factors',
    'recovery_codes',
    'passkeys',
    'passkey_enrolments',
    'email_codes',
    'data_exports',
    'trusted_devices',
  ],
  ...['erasures', 'audit_records'],
]

/** In which tables a text stands. */
export async function whereIs({ database }: UsersUnderTest, text: string): Promise<string[]> {
  const found = await Promise.all(
    tables.map(async (table) => {
      const sql = `SELECT FROM users.${table} AS t WHERE to_jsonb(t)::text LIKE $1 LIMIT 1`
      return (await database.query({ name: `test_where_${table}`, text: sql }, [`%${text}%`])).map(() => table)
    }),
  )
  return found.flat().sort()
}

/** The whole ledger. */
export async function ledgerOf({ users }: UsersUnderTest): Promise<LedgerEntry[]> {
  const pages: LedgerEntry[] = []
  for await (const page of users.erasure.ledger()) pages.push(...page)
  return pages
}
