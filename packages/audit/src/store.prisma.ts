/** The chain of one subgraph in Postgres. */
import type { Database, Statement } from '@latchkey/prisma'
import type { Head } from './head.ts'
import type { KeptRecord } from './link.ts'
import type { ChainStore, KeptLink, Strays } from './store.ts'

/** The Postgres schemas that hold audit records. */
export type AuditSchema = 'users' | 'sessions' | 'api_keys'

export const recordColumns = `r.id, r.at, r.actor_kind AS "actorKind", r.actor_id AS "actorId", r.on_behalf_of AS "onBehalfOf",
  r.action, r.target, r.outcome, r.request_id AS "requestId", r.detail`

type RecordRow = { [Name in keyof KeptRecord]: KeptRecord[Name] } & { readonly id: string | null }
interface LinkRow extends RecordRow {
  readonly seq: string
  readonly hash: Buffer
  readonly recordId: string
}
interface HeadRow {
  readonly fromSeq: string
  readonly fromHash: Buffer
  readonly toSeq: string
  readonly toHash: Buffer
  readonly keyId: string
  readonly mac: Buffer
}

interface Edges {
  readonly first: string | null
  readonly last: string | null
}

const recordOf = ({ id, ...row }: RecordRow): KeptRecord | null =>
  id === null
    ? null
    : {
        id,
        ...{ at: row.at, actorKind: row.actorKind, actorId: row.actorId, onBehalfOf: row.onBehalfOf },
        ...{ action: row.action, target: row.target, outcome: row.outcome },
        ...{ requestId: row.requestId, detail: row.detail },
      }

const headOf = ({ fromSeq, fromHash, toSeq, toHash, keyId, mac }: HeadRow): Head => ({
  from: { seq: Number(fromSeq), hash: fromHash },
  to: { seq: Number(toSeq), hash: toHash },
  keyId,
  mac,
})

// The head is compared and moved by one statement: of two processes that seal at once, one finds it moved and adds nothing.
const extension = (move: string, s: AuditSchema) => `WITH moved AS (${move} RETURNING chain),
    linked AS (
      INSERT INTO ${s}.audit_links (seq, record_id, hash)
      SELECT l.seq, l.record_id, decode(l.hash, 'hex')
      FROM unnest($5::bigint[], $6::text[], $7::text[]) AS l (seq, record_id, hash) WHERE EXISTS (SELECT FROM moved)
    ),
    done AS (DELETE FROM ${s}.audit_unlinked WHERE record_id = ANY($6::text[]) AND EXISTS (SELECT FROM moved))
  SELECT chain FROM moved`

const statementsFor = (s: AuditSchema) => {
  const named = (name: string, text: string): Statement => ({ name: `audit_${s}_${name}`, text })
  return {
    head: named(
      'head',
      `SELECT from_seq AS "fromSeq", from_hash AS "fromHash", to_seq AS "toSeq", to_hash AS "toHash", key_id AS "keyId", mac
       FROM ${s}.audit_heads WHERE chain = 'records'`,
    ),
    waiting: named(
      'waiting',
      `SELECT ${recordColumns} FROM ${s}.audit_unlinked u
       JOIN ${s}.audit_records r ON r.id = u.record_id ORDER BY u.n LIMIT $1`,
    ),
    begin: named(
      'begin',
      extension(
        `INSERT INTO ${s}.audit_heads (chain, from_seq, from_hash, to_seq, to_hash, key_id, mac)
         VALUES ('records', 0, decode(repeat('00', 32), 'hex'), $1, $2, $3, $4) ON CONFLICT (chain) DO NOTHING`,
        s,
      ),
    ),
    extend: named(
      'extend',
      extension(
        `UPDATE ${s}.audit_heads SET to_seq = $1, to_hash = $2, key_id = $3, mac = $4
         WHERE chain = 'records' AND to_seq = $8 AND to_hash = $9 AND from_seq = $10`,
        s,
      ),
    ),
    forget: named('forget', `SELECT ${s}.audit_forget($1, $2, $3, $4, $5, $6, $7) AS "done"`),
    links: named(
      'links',
      `SELECT l.seq, l.hash, l.record_id AS "recordId", ${recordColumns} FROM ${s}.audit_links l
       LEFT JOIN ${s}.audit_records r ON r.id = l.record_id WHERE l.seq > $1 ORDER BY l.seq LIMIT $2`,
    ),
    hashAt: named('hash_at', `SELECT hash FROM ${s}.audit_links WHERE seq = $1`),
    edges: named(
      'edges',
      `SELECT min(l.seq) AS "first", max(l.seq) AS "last" FROM ${s}.audit_records r JOIN ${s}.audit_links l ON l.record_id = r.id
       WHERE ($1::timestamptz IS NULL OR r.at >= $1) AND ($2::timestamptz IS NULL OR r.at < $2)`,
    ),
    waitingCount: named('waiting_count', `SELECT count(*) AS "count" FROM ${s}.audit_unlinked`),
    unaccounted: named(
      'unaccounted',
      `SELECT r.id FROM ${s}.audit_records r
       WHERE NOT EXISTS (SELECT FROM ${s}.audit_links l WHERE l.record_id = r.id)
         AND NOT EXISTS (SELECT FROM ${s}.audit_unlinked u WHERE u.record_id = r.id) LIMIT 10`,
    ),
    removedWaiting: named(
      'removed_waiting',
      `SELECT u.record_id AS "id" FROM ${s}.audit_unlinked u
       WHERE NOT EXISTS (SELECT FROM ${s}.audit_records r WHERE r.id = u.record_id) LIMIT 10`,
    ),
  }
}

/** Two of them may look through every record there is: so long they may take. */
const lookingThrough = 'latchkey audit strays'

export function prismaChainStore(database: Pick<Database, 'query' | 'queryAlone'>, schema: AuditSchema): ChainStore {
  const statements = statementsFor(schema)
  const ids = async (statement: Statement): Promise<readonly string[]> =>
    (await database.queryAlone<{ id: string }>(`${lookingThrough} ${schema}`, statement, [])).map(({ id }) => id)
  return {
    async head() {
      const [row] = await database.query<HeadRow>(statements.head, [])
      return row ? headOf(row) : null
    },
    async waiting(max) {
      return (await database.query<RecordRow>(statements.waiting, [max])).flatMap((row) => recordOf(row) ?? [])
    },
    async extend(before, links, { to, keyId, mac }) {
      const seqs = links.map(({ seq }) => seq)
      const recordIds = links.map(({ recordId }) => recordId)
      const hashes = links.map(({ hash }) => hash.toString('hex'))
      const values = [to.seq, to.hash, keyId, mac, seqs, recordIds, hashes]
      const rows = before
        ? await database.query(statements.extend, [...values, before.to.seq, before.to.hash, before.from.seq])
        : await database.query(statements.begin, values)
      return rows.length === 1 ? 'extended' : 'late'
    },
    async forget(before, { from, keyId, mac }, writtenBefore) {
      const values = [before.from.seq, before.to.seq, from.seq, from.hash, keyId, mac, writtenBefore]
      const [row] = await database.query<{ done: boolean }>(statements.forget, values)
      return row?.done ? 'forgotten' : 'late'
    },
    async links(after, max): Promise<readonly KeptLink[]> {
      const rows = await database.query<LinkRow>(statements.links, [after, max])
      return rows.map((row) => ({
        seq: Number(row.seq),
        hash: row.hash,
        recordId: row.recordId,
        record: recordOf(row),
      }))
    },
    async hashAt(seq) {
      const [row] = await database.query<{ hash: Buffer }>(statements.hashAt, [seq])
      return row?.hash ?? null
    },
    async edges({ from, to }) {
      const asked = [from, to]
      const [row] = await database.queryAlone<Edges>(`${lookingThrough} ${schema}`, statements.edges, asked)
      return row?.first && row.last ? { first: Number(row.first), last: Number(row.last) } : null
    },
    async waitingCount() {
      const [row] = await database.query<{ count: string }>(statements.waitingCount, [])
      return Number(row?.count ?? 0)
    },
    async strays(): Promise<Strays> {
      return {
        unaccounted: await ids(statements.unaccounted),
        removedWaiting: await ids(statements.removedWaiting),
      }
    },
  }
}
