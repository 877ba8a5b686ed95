/** How one subgraph tells another a page of its audit records: the question as arguments, the answer as lines of JSON. */
import type { ReadRecords, RecordQuery, ShownRecord } from './reader.prisma.ts'
import type { PlacedRecord, ReadTail, TailQuery } from './tail.prisma.ts'

/** The arguments of `Query.auditRecords`; times in RFC 3339. */
export interface RecordArguments {
  readonly limit: number
  readonly afterAt?: string | Date | null
  readonly afterId?: string | null
  readonly actor?: string | null
  readonly target?: string | null
  readonly action?: string | null
  readonly outcome?: string | null
  readonly from?: string | Date | null
  readonly to?: string | Date | null
}

/** No caller of ours asks for more: a page of a hundred, and one to know whether there is another. */
const limitMax = 101

const timeOf = (time: string | Date | null | undefined): Date | null => (time ? new Date(time) : null)

export const argumentsOf = ({ filter, after, limit }: RecordQuery): Readonly<Record<string, unknown>> => ({
  limit,
  ...(after && { afterAt: after.at.toISOString(), afterId: after.id }),
  ...{ actor: filter.actor, target: filter.target, action: filter.action, outcome: filter.outcome },
  ...{ from: filter.from?.toISOString() ?? null, to: filter.to?.toISOString() ?? null },
})

function queryOf(asked: RecordArguments): RecordQuery {
  const { limit, afterAt, afterId, actor = null, target = null, action = null, outcome = null } = asked
  const at = timeOf(afterAt)
  return {
    filter: { actor, target, action, outcome, from: timeOf(asked.from), to: timeOf(asked.to) },
    after: at && afterId ? { at, id: afterId } : null,
    limit: Math.min(Math.max(limit, 1), limitMax),
  }
}

export const tellRecords =
  (read: ReadRecords) =>
  async (asked: RecordArguments): Promise<readonly string[]> =>
    (await read(queryOf(asked))).map((record) => JSON.stringify(record))

/** What was told, read again. Whoever told it is trusted: it came in a sealed answer of a service. */
export const readTold = (line: string): ShownRecord => {
  const record = JSON.parse(line) as ShownRecord
  return { ...record, at: new Date(record.at) }
}

/** The arguments of `Query.auditTail`: one of the first two. A place is a number of up to 64 bits, so it goes as text. */
export interface TailArguments {
  readonly limit: number
  readonly after?: string | null
  readonly since?: string | Date | null
}

/** No caller of ours asks for more. */
export const tailLimitMax = 200

export const argumentsOfTail = ({ start, limit }: TailQuery): Readonly<Record<string, unknown>> => ({
  limit,
  ...('after' in start ? { after: String(start.after) } : { since: start.since.toISOString() }),
})

const beginning = new Date(0)

function tailQueryOf({ limit, after, since }: TailArguments): TailQuery {
  const place = /^\d{1,15}$/.exec(after ?? '')
  const start = place ? { after: Number(place[0]) } : { since: timeOf(since) ?? beginning }
  return { start, limit: Math.min(Math.max(limit, 1), tailLimitMax) }
}

export const tellTail =
  (read: ReadTail) =>
  async (asked: TailArguments): Promise<readonly string[]> =>
    (await read(tailQueryOf(asked))).map((placed) => JSON.stringify(placed))

/** What was told, read again; trusted as above. */
export function readToldTail(line: string): PlacedRecord {
  const { seq, record } = JSON.parse(line) as PlacedRecord
  return { seq, record: { ...record, at: new Date(record.at) } }
}
