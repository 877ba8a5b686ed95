/** Everything of ours in a database as it is at one moment, as a stream of pieces. */
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { type AppliedMigration, readApplied } from '../migrations.ts'
import { type Catalogue, readCatalogue, type Table } from './catalogue.ts'
import { roleDigest } from './role-digest.ts'
import { withSession } from './session.ts'

export interface SnapshotFacts extends Catalogue {
  readonly migrations: readonly Pick<AppliedMigration, 'name' | 'checksum'>[]
  /** Tells whether roles, what they permit and who holds them are the same. */
  readonly roles: string
}

/** The content of a table: its name, then bytes as Postgres copies them, then how many rows they were. */
export type SnapshotPiece =
  | { readonly kind: 'table'; readonly table: string }
  | { readonly kind: 'rows'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly rows: number }

export interface Snapshot {
  readonly facts: SnapshotFacts
  /** Only while `work` of `withSnapshot` runs; one table at a time. */
  copy(table: Table): AsyncIterable<SnapshotPiece>
}

async function* copyOut(client: pg.Client, { name, columns }: Table): AsyncIterable<SnapshotPiece> {
  yield { kind: 'table', table: name }
  const listed = columns.map((column) => pg.escapeIdentifier(column)).join(', ')
  // A query and not the table: rows of a partitioned one are in its partitions.
  const stream = client.query(copyTo(`COPY (SELECT ${listed} FROM ${name}) TO STDOUT`))
  for await (const bytes of stream) yield { kind: 'rows', bytes: bytes as Buffer }
  yield { kind: 'end', rows: stream.rowCount }
}

/**
 * One moment, in one read-only transaction: what is committed meanwhile is not in it, and nobody waits for it but a
 * migration that alters a table. Rejects when a migration is unfinished.
 */
export const withSnapshot = <Value>(url: string, work: (snapshot: Snapshot) => Promise<Value>): Promise<Value> =>
  withSession(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const applied = await readApplied(client)
    const unfinished = applied.find(({ finished }) => !finished)
    if (unfinished) throw new Error(`migration ${unfinished.name} is not finished: finish or repair it first`)
    const migrations = applied
      .map(({ name, checksum }) => ({ name, checksum }))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
    const facts = { ...(await readCatalogue(client)), migrations, roles: await roleDigest(client) }
    return work({ facts, copy: (table) => copyOut(client, table) })
  })
