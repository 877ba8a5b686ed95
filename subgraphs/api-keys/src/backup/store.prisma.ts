/** Archives in Postgres. Rows travel as Postgres writes them in JSON, so that a column that is added later travels too. */

import { minuteMs, secondMs } from '@latchkey/clock'
import type { Database } from '@latchkey/prisma'
import type { Transaction } from '../transaction.prisma.ts'
import type { ArchiveStore, Columns, KeyRow, PresentKey, RestoreRoom } from './store.ts'

/** Without it the moments of one server would be written differently by another. */
export const inUtc = (transaction: Transaction): Promise<number> =>
  transaction.$executeRawUnsafe(`SET LOCAL timezone = 'UTC'`)

/** Long enough for a million keys. */
export const longTransaction = { maxWait: 5 * secondMs, timeout: 30 * minuteMs } as const

const columnNames = `SELECT column_name AS name FROM information_schema.columns
  WHERE table_schema = 'api_keys' AND table_name = 'api_keys' ORDER BY ordinal_position`

const columnsIn = async (client: Pick<Transaction, '$queryRawUnsafe'>): Promise<readonly string[]> =>
  (await client.$queryRawUnsafe<{ name: string }[]>(columnNames)).map(({ name }) => name)

const page = (ofOwner: string) => `
  SELECT k.id, to_jsonb(k) AS key, to_jsonb(f) AS foreign, to_jsonb(s) AS secret, to_jsonb(u) AS uses
  FROM api_keys.api_keys k
  LEFT JOIN api_keys.foreign_keys f ON f.key_id = k.id LEFT JOIN api_keys.foreign_secrets s ON s.id = f.secret_id
  LEFT JOIN api_keys.key_uses u ON u.key_id = coalesce(k.confinement->'uses'->>'of', k.id)
  WHERE k.id > $1 ${ofOwner} ORDER BY k.id LIMIT $2`

const unlessItIsHere = (table: string) =>
  `INSERT INTO api_keys.${table} SELECT * FROM jsonb_populate_recordset(NULL::api_keys.${table}, $1::jsonb) ON CONFLICT DO NOTHING`

// Keys that were rotated into one another bring the same row. As when they are counted: what tells more stays, so that nothing that was spent is given back. Rows that tell no more are left
// out before, because a row would be locked until the end of the import even if it stayed as it is.
const whereItTellsMore = `INSERT INTO api_keys.key_uses AS kept
  SELECT DISTINCT ON (told.key_id) told.* FROM jsonb_populate_recordset(NULL::api_keys.key_uses, $1::jsonb) told
    LEFT JOIN api_keys.key_uses here ON here.key_id = told.key_id
  WHERE here.key_id IS NULL OR (told.issue, told.period_ms, told.spent) > (here.issue, here.period_ms, here.spent)
  ORDER BY told.key_id
  ON CONFLICT (key_id) DO UPDATE
    SET issue = excluded.issue, period_ms = excluded.period_ms, spent = excluded.spent, written_at = excluded.written_at
    WHERE (excluded.issue, excluded.period_ms, excluded.spent) > (kept.issue, kept.period_ms, kept.spent)`

interface Beside {
  readonly part: 'secret' | 'foreign' | 'uses'
  readonly insert: string
}

const uses: Beside = { part: 'uses', insert: whereItTellsMore }

/** What is kept beside a key, in the order in which it is written. */
const besides: readonly Beside[] = [
  { part: 'secret', insert: unlessItIsHere('foreign_secrets') },
  { part: 'foreign', insert: unlessItIsHere('foreign_keys') },
  uses,
]

type PageRow = { readonly id: string; readonly key: Columns } & Partial<Record<keyof KeyRow, Columns | null>>

const asRow = ({ key, ...row }: PageRow): KeyRow => ({
  key,
  ...Object.fromEntries(besides.flatMap(({ part }) => (row[part] ? [[part, row[part]]] : []))),
})

export const prismaArchiveStore = ({ prisma }: Database): ArchiveStore => ({
  columns: () => columnsIn(prisma),
  count: (ownerId) => prisma.apiKey.count({ where: ownerId === null ? {} : { ownerId } }),
  async eachPage({ ownerId, pageMax }, take) {
    const statement = ownerId === null ? page('') : page('AND k.owner_id = $3')
    await prisma.$transaction(
      async (transaction) => {
        await inUtc(transaction)
        let after = ''
        let rows: PageRow[]
        do {
          const values = [after, pageMax, ...(ownerId === null ? [] : [ownerId])]
          rows = await transaction.$queryRawUnsafe<PageRow[]>(statement, ...values)
          await take(rows.map(asRow))
          after = rows.at(-1)?.id ?? after
        } while (rows.length === pageMax)
      },
      { ...longTransaction, isolationLevel: 'RepeatableRead' },
    )
  },
})

const quoted = (column: string) => `"${column.replaceAll('"', '""')}"`
const json = (rows: readonly unknown[]) => JSON.stringify(rows)
const partsOf = (rows: readonly KeyRow[], part: keyof KeyRow) => rows.flatMap((row) => (row[part] ? [row[part]] : []))

const takenForeign = `SELECT r.key_id AS id FROM jsonb_populate_recordset(NULL::api_keys.foreign_keys, $1::jsonb) r
  JOIN api_keys.foreign_keys f ON f.external_id = r.external_id OR f.lookup = r.lookup`

async function addBeside(transaction: Transaction, { part, insert }: Beside, rows: readonly KeyRow[]): Promise<void> {
  const values = partsOf(rows, part)
  if (values.length > 0) await transaction.$executeRawUnsafe(insert, json(values))
}

async function addBesides(transaction: Transaction, rows: readonly KeyRow[]): Promise<void> {
  for (const beside of besides) await addBeside(transaction, beside, rows)
}

export const restoreRoom = (transaction: Transaction): RestoreRoom => ({
  columns: () => columnsIn(transaction),
  present: (ids) =>
    transaction.$queryRawUnsafe<PresentKey[]>(
      `SELECT id, version, revoked_at IS NOT NULL AS revoked, to_jsonb(k) AS key FROM api_keys.api_keys k WHERE id = ANY($1::text[])`,
      ids,
    ),
  async addRows(rows, columns) {
    if (rows.length === 0) return []
    const taken = await transaction.$queryRawUnsafe<{ id: string }[]>(takenForeign, json(partsOf(rows, 'foreign')))
    const free = rows.filter(({ key }) => !taken.some(({ id }) => id === key.id))
    const names = columns.map(quoted).join(', ')
    const added = await transaction.$queryRawUnsafe<{ id: string }[]>(
      `INSERT INTO api_keys.api_keys (${names})
       SELECT ${names} FROM jsonb_populate_recordset(NULL::api_keys.api_keys, $1::jsonb) ON CONFLICT DO NOTHING RETURNING id`,
      json(free.map(({ key }) => key)),
    )
    const ids = new Set(added.map(({ id }) => id))
    await addBesides(
      transaction,
      free.filter(({ key }) => ids.has(String(key.id))),
    )
    return [...ids]
  },
  async replaceRows(rows, columns) {
    if (rows.length === 0) return []
    const changes = columns
      .filter((column) => column !== 'id')
      .map((column) => `${quoted(column)} = r.${quoted(column)}`)
    const replaced = await transaction.$queryRawUnsafe<{ id: string }[]>(
      `UPDATE api_keys.api_keys k SET ${changes.join(', ')} FROM jsonb_populate_recordset(NULL::api_keys.api_keys, $1::jsonb) r
       WHERE k.id = r.id AND k.version < r.version AND k.revoked_at IS NULL RETURNING k.id`,
      json(rows.map(({ key }) => key)),
    )
    const ids = replaced.map(({ id }) => id)
    await transaction.foreignKey.deleteMany({ where: { keyId: { in: ids } } })
    await addBesides(
      transaction,
      rows.filter(({ key }) => ids.includes(String(key.id))),
    )
    return ids
  },
  keepUses: (rows) => addBeside(transaction, uses, rows),
})
