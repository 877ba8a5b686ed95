/** What a release counts on in the database: the tables it reads and writes, and what is true of them. */
import type pg from 'pg'

export interface Column {
  readonly type: string
  readonly nullable: boolean
  /** Whoever inserts may leave it out: it has a default, or counts by itself. */
  readonly filled: boolean
}

export interface Index {
  readonly columns: readonly string[]
  readonly unique: boolean
  /** From `USING` on: without the name, which nobody asks for. */
  readonly definition: string
}

export interface Constraint {
  readonly columns: readonly string[]
  readonly definition: string
}

export interface TableContract {
  readonly columns: Readonly<Record<string, Column>>
  readonly indexes: readonly Index[]
  /** Checks and references, by name. */
  readonly constraints: Readonly<Record<string, Constraint>>
  /** By role, what it may do: `DELETE, INSERT, SELECT, UPDATE`. */
  readonly rights: Readonly<Record<string, string>>
}

export interface Contract {
  /** The newest migration that the release knows. */
  readonly through: string
  readonly tables: Readonly<Record<string, TableContract>>
  /** What it answers, by name and arguments. */
  readonly functions: Readonly<Record<string, string>>
  /** Their values, by name. */
  readonly enums: Readonly<Record<string, readonly string[]>>
}

const ours = `nspname IN ('users', 'sessions', 'api_keys')`

const columnNames = (keys: string) =>
  `array(SELECT attname::text FROM unnest(${keys}) WITH ORDINALITY AS k (key, n)
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.key ORDER BY k.n)`

const tablesSql = `
  SELECT format('%I.%I', nspname, relname) AS name,
    (SELECT json_object_agg(attname, json_build_object('type', format_type(atttypid, atttypmod),
       'nullable', NOT attnotnull, 'filled', atthasdef OR attidentity <> '') ORDER BY attname)
     FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
    coalesce((SELECT json_agg(json_build_object('columns', ${columnNames('i.indkey::smallint[]')}, 'unique', indisunique,
       'definition', substring(pg_get_indexdef(indexrelid) FROM 'USING .*')) ORDER BY pg_get_indexdef(indexrelid))
     FROM pg_index i WHERE indrelid = c.oid AND indisvalid), '[]') AS indexes,
    coalesce((SELECT json_object_agg(conname, json_build_object('columns', ${columnNames('k.conkey')},
       'definition', replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')) ORDER BY conname)
     FROM pg_constraint k WHERE conrelid = c.oid AND contype IN ('c', 'f', 'x')), '{}') AS constraints,
    coalesce((SELECT json_object_agg(role, rights ORDER BY role) FROM (
       SELECT rolname AS role, string_agg(privilege_type, ', ' ORDER BY privilege_type) AS rights
       FROM aclexplode(c.relacl) JOIN pg_roles r ON r.oid = grantee
       WHERE rolname LIKE 'latchkey\\_%' GROUP BY rolname) AS granted), '{}') AS rights
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'p') AND NOT relispartition AND ${ours} ORDER BY 1`

const functionsSql = `
  SELECT format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) AS name,
    pg_get_function_result(p.oid) AS returns
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${ours} ORDER BY 1`

const enumsSql = `
  SELECT format('%I.%I', nspname, typname) AS name, array_agg(enumlabel::text ORDER BY enumsortorder) AS values
  FROM pg_enum JOIN pg_type t ON t.oid = enumtypid JOIN pg_namespace n ON n.oid = typnamespace
  WHERE ${ours} GROUP BY 1 ORDER BY 1`

/** Of the database as it is now. */
export async function readContract(client: pg.ClientBase, through: string): Promise<Contract> {
  const { rows: tables } = await client.query<TableContract & { name: string }>(tablesSql)
  const { rows: functions } = await client.query<{ name: string; returns: string }>(functionsSql)
  const { rows: enums } = await client.query<{ name: string; values: readonly string[] }>(enumsSql)
  return {
    through,
    tables: Object.fromEntries(tables.map(({ name, ...table }) => [name, table])),
    functions: Object.fromEntries(functions.map(({ name, returns }) => [name, returns])),
    enums: Object.fromEntries(enums.map(({ name, values }) => [name, values])),
  }
}
