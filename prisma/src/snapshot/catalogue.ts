/** What there is to copy: tables in an order in which each comes after those it refers to, partitions, sequences. */
import type pg from 'pg'

/** The schemas of our subgraphs. Nothing else in a database is ours. */
export const schemas = ['users', 'sessions', 'api_keys'] as const

export interface Table {
  /** `users.accounts`; quoted where it must be. */
  readonly name: string
  /** Those that are stored, not computed. */
  readonly columns: readonly string[]
}

export interface Partition {
  readonly name: string
  readonly parent: string
  /** As Postgres writes it: `FOR VALUES FROM … TO …`. */
  readonly bound: string
}

export interface Sequence {
  readonly name: string
  readonly lastValue: string
  readonly isCalled: boolean
}

export interface Catalogue {
  readonly tables: readonly Table[]
  readonly partitions: readonly Partition[]
  readonly sequences: readonly Sequence[]
}

const ours = `nspname = ANY ('{${schemas.join(',')}}')`

const tablesSql = `
  SELECT format('%I.%I', nspname, relname) AS name,
         array(SELECT attname::text FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE relkind IN ('r', 'p') AND NOT relispartition AND ${ours}
   ORDER BY 1`

const referencesSql = `
  SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS "from", format('%I.%I', m.nspname, d.relname) AS "to"
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class d ON d.oid = confrelid JOIN pg_namespace m ON m.oid = d.relnamespace
   WHERE contype = 'f' AND conrelid <> confrelid AND n.${ours}`

const partitionsSql = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I.%I', n.nspname, p.relname) AS parent,
         pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relispartition AND c.relkind IN ('r', 'p') AND ${ours}
   ORDER BY 1`

const sequencesSql = `
  SELECT format('%I.%I', nspname, relname) AS name
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'S' AND ${ours} ORDER BY 1`

interface Reference {
  readonly from: string
  readonly to: string
}

/** Throws when tables refer to each other in a circle. */
export function inOrder(tables: readonly Table[], references: readonly Reference[]): readonly Table[] {
  const placed: Table[] = []
  const waiting = new Map(tables.map((table) => [table.name, table]))
  while (waiting.size > 0) {
    const free = [...waiting.values()].filter(
      ({ name }) => !references.some(({ from, to }) => from === name && waiting.has(to)),
    )
    if (free.length === 0) throw new Error(`these tables refer to each other in a circle: ${[...waiting.keys()]}`)
    for (const table of free) waiting.delete(table.name)
    placed.push(...free)
  }
  return placed
}

export async function readCatalogue(client: pg.ClientBase): Promise<Catalogue> {
  const { rows: tables } = await client.query<Table>(tablesSql)
  const { rows: references } = await client.query<Reference>(referencesSql)
  const { rows: partitions } = await client.query<Partition>(partitionsSql)
  const { rows: names } = await client.query<{ name: string }>(sequencesSql)
  const sequences: Sequence[] = []
  for (const { name } of names) {
    const { rows } = await client.query<Sequence>(
      `SELECT '${name}' AS name, last_value::text AS "lastValue", is_called AS "isCalled" FROM ${name}`,
    )
    sequences.push(...rows)
  }
  return { tables: inOrder(tables, references), partitions, sequences }
}
