/** One word for who may do what, as far as that is kept as rows: roles, what they include and permit, and who holds them. */
import { createHash } from 'node:crypto'
import type pg from 'pg'

const tables = ['users.roles', 'users.role_inclusions', 'users.role_grants']

export async function roleDigest(client: pg.ClientBase): Promise<string> {
  const hash = createHash('sha256')
  for (const table of tables) {
    const { rows } = await client.query<{ digest: string }>(
      `SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) AS digest FROM ${table} t`,
    )
    hash.update(`${table} ${rows[0]?.digest}\n`)
  }
  return hash.digest('hex')
}
