/** Reads by key that share statements across requests, without ever answering from before the question. */
import { untilLull } from '@latchkey/clock/lull'
import { Problem } from '@latchkey/problem'

interface Batch<Row> {
  /** By key, empty until the statement has answered. */
  readonly rows: Map<string, Row[]>
  /** By key, what became of those that could not be asked for. */
  readonly failures: Map<string, unknown>
  readonly answered: Promise<void>
}

/** More keys than this go in the next statement. */
const keysMax = 1_000

/** Those who waited behind a database that does not answer have waited long enough. */
function throwUnavailable(error: unknown): void {
  if (error instanceof Problem && error.code === 'UNAVAILABLE') throw error
}

/**
 * A reader by key. A key joins the statement that is about to leave, never one that has left: so whatever was committed
 * before the question is in the answer. One statement is on its way at a time; keys asked for meanwhile collect, and
 * the next one leaves when a turn of the event loop brings no further key.
 * Callers who asked for the same key share one list: read it, do not change it.
 * A key that the database cannot take fails for those who asked for it, and for nobody else.
 */
export function createBatchedRead<Key extends string, Row>(
  read: (keys: string[]) => Promise<Row[]>,
  keyOf: (row: Row) => Key,
): (key: Key) => Promise<readonly Row[]> {
  let collecting: Batch<Row> | null = null
  let last: Promise<void> | null = null

  /** One statement after the other, so that a bad key does not take every connection. */
  async function readAlone(keys: string[], failures: Batch<Row>['failures']): Promise<Row[]> {
    const found: Row[][] = []
    for (const key of keys) {
      const rows = await read([key]).catch((error: unknown) => {
        throwUnavailable(error)
        failures.set(key, error)
        return []
      })
      found.push(rows)
    }
    return found.flat()
  }

  const readTogether = (keys: string[], failures: Batch<Row>['failures']): Promise<Row[]> =>
    read(keys).catch((error: unknown) => {
      throwUnavailable(error)
      if (keys.length === 1) throw error
      return readAlone(keys, failures)
    })

  async function send({ rows, failures }: Omit<Batch<Row>, 'answered'>, before: Promise<void> | null): Promise<void> {
    await before?.catch(throwUnavailable)
    await untilLull(() => rows.size)
    if (collecting?.rows === rows) collecting = null
    for (const row of await readTogether([...rows.keys()], failures)) rows.get(keyOf(row))?.push(row)
  }

  function begin(): Batch<Row> {
    const rows = new Map<string, Row[]>()
    const failures = new Map<string, unknown>()
    const answered = send({ rows, failures }, last).finally(() => {
      if (collecting?.rows === rows) collecting = null
      if (last === answered) last = null
    })
    last = answered
    return { rows, failures, answered }
  }

  return async (key) => {
    if (!collecting || collecting.rows.size >= keysMax) collecting = begin()
    const { rows, failures, answered } = collecting
    const found = rows.get(key) ?? []
    rows.set(key, found)
    await answered
    if (failures.has(key)) throw failures.get(key)
    return found
  }
}
