/** Puts a snapshot in the place of a database: all of it in one transaction, or none. */
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { applyWithin, type Migration, readMigrations } from '../migrations.ts'
import { type Aftermath, type Ended, endAfterRestore } from './aftermath.ts'
import { schemas, type Table } from './catalogue.ts'
import type { SnapshotFacts } from './dump.ts'
import { closeForRestore } from './maintenance.ts'
import { roleDigest } from './role-digest.ts'
import { withSession } from './session.ts'

export interface LoadTerms {
  readonly facts: SnapshotFacts
  /** `empty`: refuses a database that knows accounts or keys. */
  readonly over: 'empty' | 'whatever is there'
  /** What is ended with it; what may have ended since, unless set. */
  readonly aftermath?: Aftermath
  /** When all is in place and nobody sees it yet. What it rejects with undoes everything. */
  readonly beforeCommit: () => Promise<void>
  /** When all is in place, and the doors are still closed: nothing is undone any more. */
  readonly beforeOpening?: () => Promise<void>
}

export interface Room {
  /** Resolves with the number of rows. */
  load(table: Table, bytes: AsyncIterable<Uint8Array>): Promise<number>
  /** Of a copy made at another time: rows that belong to nothing here are left out. Resolves with how many came in. */
  loadFitting(
    table: Table,
    owner: { column: string; table: string; key: string },
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<number>
}

/** The migrations to begin with, and those that follow when the rows are there. */
function planMigrations({ migrations }: SnapshotFacts): { readonly first: Migration[]; readonly later: Migration[] } {
  const here = readMigrations()
  for (const { name, checksum } of migrations) {
    const own = here.find((migration) => migration.name === name)
    if (!own)
      throw new Error(
        `The backup was made by a newer release, which knows the migration ${name}: restore it with that one.`,
      )
    if (own.checksum !== checksum)
      throw new Error(`The migration ${name} is another one here than where the backup was made.`)
  }
  const names = new Set(migrations.map(({ name }) => name))
  return { first: here.filter(({ name }) => names.has(name)), later: here.filter(({ name }) => !names.has(name)) }
}

async function requireEmpty(client: pg.ClientBase): Promise<void> {
  for (const table of ['users.accounts', 'api_keys.api_keys']) {
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
    if (!rows[0]?.there) continue
    const { rowCount } = await client.query(`SELECT FROM ${table} LIMIT 1`)
    if (rowCount)
      throw new Error(
        `There is somebody in this database (${table}). With --replace it is replaced. Nothing was changed.`,
      )
  }
}

const listed = (columns: readonly string[]) => columns.map((column) => pg.escapeIdentifier(column)).join(', ')

const copyIn = async (client: pg.Client, target: string, bytes: AsyncIterable<Uint8Array>): Promise<number> => {
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN`))
  await pipeline(bytes, stream)
  return stream.rowCount
}

/** Triggers were there when the rows were written first. */
const triggersSql = `
  SELECT format('ALTER TABLE %I.%I %%s TRIGGER %I', nspname, relname, tgname) AS form
    FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
   WHERE NOT tgisinternal AND tgenabled = 'O' AND tgparentid = 0 AND nspname = ANY ($1)`

async function makeRoom(client: pg.Client, { tables, partitions }: SnapshotFacts, first: readonly Migration[]) {
  await client.query(`DROP SCHEMA IF EXISTS ${schemas.join(', ')} CASCADE`)
  await client.query('DROP TABLE IF EXISTS public._prisma_migrations')
  await applyWithin(client, first)
  for (const { name, parent, bound } of partitions)
    await client.query(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${parent} ${bound}`)
  await client.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')} CASCADE`)
  const { rows: triggers } = await client.query<{ form: string }>(triggersSql, [[...schemas]])
  for (const { form } of triggers) await client.query(form.replace('%s', 'DISABLE'))
  return async () => {
    for (const { form } of triggers) await client.query(form.replace('%s', 'ENABLE'))
  }
}

function roomIn(client: pg.Client): Room {
  return {
    load: ({ name, columns }, bytes) => copyIn(client, `${name} (${listed(columns)})`, bytes),
    async loadFitting({ name, columns }, owner, bytes) {
      await client.query(
        `CREATE TEMP TABLE fitting ON COMMIT DROP AS SELECT ${listed(columns)} FROM ${name} WITH NO DATA`,
      )
      await copyIn(client, `fitting (${listed(columns)})`, bytes)
      const { rowCount } = await client.query(
        `INSERT INTO ${name} (${listed(columns)}) SELECT ${listed(columns)} FROM fitting
          WHERE ${owner.column} IN (SELECT ${owner.key} FROM ${owner.table})`,
      )
      return rowCount ?? 0
    },
  }
}

/**
 * Replaces all of ours in the database by what `fill` puts into the room, brought up to this release, with every session
 * ended, and says what was ended besides. Everybody else waits or is refused until it is done; cut short at any moment, nothing has changed.
 *
 * Rejects when it may not begin, or the result is not what the facts say.
 */
export const loadSnapshot = (url: string, terms: LoadTerms, fill: (room: Room) => Promise<void>): Promise<Ended> =>
  withSession(url, async (client) => {
    const { facts, over, aftermath = 'end what may have ended', beforeCommit, beforeOpening } = terms
    const { first, later } = planMigrations(facts)
    await closeForRestore(client)
    if (over === 'empty') await requireEmpty(client)
    await client.query('BEGIN')
    const enableTriggers = await makeRoom(client, facts, first)
    await fill(roomIn(client))
    for (const { name, lastValue, isCalled } of facts.sequences)
      await client.query('SELECT setval($1, $2::bigint, $3)', [name, lastValue, isCalled])
    if ((await roleDigest(client)) !== facts.roles)
      throw new Error('Roles and their holders are not those of the backup.')
    await enableTriggers()
    await applyWithin(client, later)
    const ended = await endAfterRestore(client, aftermath)
    await beforeCommit()
    await client.query('COMMIT')
    await client.query('ANALYZE')
    await beforeOpening?.()
    return ended
  })
