/** Many accounts in the system's own Postgres, as they would be after a few years: made there, not one by one. */
import { operate, withDatabaseOf } from './stores.ts'
import type { System } from './system.ts'

// One in twenty is suspended; most signed in within a year; ten administer, one in a hundred edits. What is
// sealed in a real account is noise of the same length here: nothing of this question opens it.
const load = {
  name: 'bench_load_accounts',
  text: `WITH numbered AS (
           SELECT n, 'usr_' || substr(md5(n::text) || md5(n::text || 'x'), 1, 22) AS id,
                  now() - interval '3 years' * (n::float8 / $1::float8) AS opened_at
           FROM generate_series(1, $1::int) AS n),
         accounts AS (
           INSERT INTO users.accounts (id, status, email, email_verified_at, display_name, created_at, last_sign_in_at,
                                       suspended_at, suspended_reason)
           SELECT id, CASE WHEN n % 20 = 0 THEN 'suspended' ELSE 'active' END, repeat(md5(id), 3), opened_at,
                  repeat(md5(id), 2), opened_at,
                  CASE WHEN n % 5 = 0 THEN NULL ELSE now() - interval '1 year' * (hashtext(id)::int8 & 65535) / 65536 END,
                  CASE WHEN n % 20 = 0 THEN opened_at END, CASE WHEN n % 20 = 0 THEN repeat(md5(id), 3) END
           FROM numbered),
         keys AS (
           INSERT INTO users.data_keys (account_id, sealed_key, created_at)
           SELECT id, repeat(md5(id), 4), opened_at FROM numbered),
         identifiers AS (
           INSERT INTO users.identifiers (kind, key_id, mac, account_id)
           SELECT 'email', (SELECT key_id FROM users.identifiers LIMIT 1), md5(id) || 'bench', id FROM numbered)
         INSERT INTO users.role_grants (account_id, role, granted_at)
         SELECT id, role, opened_at FROM numbered, unnest(
           ARRAY['user'] || CASE WHEN n % 100 = 0 THEN ARRAY['editors'] ELSE '{}' END
                         || CASE WHEN n <= 10 THEN ARRAY['admin'] ELSE '{}' END) AS role`,
}
const look = (table: string) => ({ name: `bench_analyse_${table}`, text: `ANALYZE users.${table}` })

export async function loadAccounts(system: System, count: number): Promise<void> {
  await withDatabaseOf(system, async (database) => {
    await database.queryAlone('bench', load, [count])
    for (const table of ['accounts', 'identifiers', 'data_keys', 'role_grants'])
      await database.queryAlone('bench', look(table), [])
  })
}

/** Whoever signs up is somebody; one of them has to be an administrator. */
export const makeAdministrator = (system: System, email: string): Promise<unknown> =>
  operate(system, 'grant-role', email, 'admin')
