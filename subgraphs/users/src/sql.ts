/** Statements that write whole rows, so that one statement can be a whole change: all of it or nothing. */

interface Insert {
  readonly table: string
  readonly columns: readonly string[]
  /** A CTE of the same statement: the rows are written once for each row of it. */
  readonly onlyFor?: string
}

export interface RowInsert extends Insert {
  /** The parameter that holds the row as JSON, its members named like the columns. */
  readonly parameter: `$${number}`
}

export interface RowsInsert extends Insert {
  /** An expression that gives a JSON array of such rows. */
  readonly rows: string
}

const insertFrom = ({ table, columns, onlyFor }: Insert, source: string): string => {
  const given = columns.map((column) => `given.${column}`).join(', ')
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${given} FROM ${source} AS given${onlyFor ? `, ${onlyFor}` : ''}`
}

/** `INSERT … SELECT` of one row. Columns are named, so that a column added later keeps its default. */
export const insertRow = ({ parameter, ...insert }: RowInsert): string =>
  insertFrom(insert, `jsonb_populate_record(NULL::${insert.table}, ${parameter}::jsonb)`)

/** The same for each row of an array; for none when it is empty. */
export const insertRows = ({ rows, ...insert }: RowsInsert): string =>
  insertFrom(insert, `jsonb_populate_recordset(NULL::${insert.table}, ${rows})`)

/** A row, or something that holds rows, as these take it. */
export const rowJson = (row: Readonly<Record<string, unknown>>): string => JSON.stringify(row)
