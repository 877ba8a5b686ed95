/** A link of the chain: what binds an audit record to its place and to everything before it. */
import { createHash } from 'node:crypto'

/** An audit record as it is kept. */
export interface KeptRecord {
  readonly id: string
  readonly at: Date
  readonly actorKind: string
  readonly actorId: string | null
  /** In whose place a staff member acted. */
  readonly onBehalfOf: string | null
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly requestId: string | null
  readonly detail: unknown
}

/** A place in the chain, and the hash of everything up to it. */
export interface Place {
  readonly seq: number
  readonly hash: Buffer
}

/** Where every chain begins. */
export const origin: Place = { seq: 0, hash: Buffer.alloc(32) }

/** One text for one value, in whatever order the database gives its members back. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

/** The record as one line, the same for ever. */
export const canonicalRecord = (record: KeptRecord): string => canonical({ ...record, at: record.at.toISOString() })

/** The place of a record that comes after `before` in the chain of a subgraph. */
export function linkAfter(before: Place, chain: string, record: KeptRecord): Place {
  const seq = before.seq + 1
  const hash = createHash('sha256')
    .update(`latchkey audit 1\n${chain}\n${seq}\n`)
    .update(before.hash)
    .update(canonicalRecord(record))
    .digest()
  return { seq, hash }
}
