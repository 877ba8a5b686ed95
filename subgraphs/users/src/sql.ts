/** Statements that write whole rows, so that one statement can be a whole change: all of it or nothing. */

export interface RowInsert {
  readonly table: string
  readonly columns: readonly string[]
  /** The parameter that holds the row as JSON, its members named like the columns. */
  readonly parameter: `$${number}`
  /** A CTE of the same statement: the row is written once for each row of it. */
  readonly onlyFor?: string
}

/** `INSERT … SELECT` of one row. Columns are named, so that a column added later keeps its default. */
export function insertRow({ table, columns, parameter, onlyFor }: RowInsert): string {
  const from = `jsonb_populate_record(NULL::${table}, ${parameter}::jsonb) AS given`
  const given = columns.map((column) => `given.${column}`).join(', ')
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${given} FROM ${from}${onlyFor ? `, ${onlyFor}` : ''}`
}

/** A row as `insertRow` takes it. */
export const rowJson = (row: Readonly<Record<string, unknown>>): string => JSON.stringify(row)
