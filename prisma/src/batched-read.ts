/** Reads by key that share statements across requests, without ever answering from before the question. */
import { Problem } from '@latchkey/problem'

interface Waiter<Row> {
  resolve(rows: Row[]): void
  reject(error: unknown): void
}

type Waiting<Row> = Map<string, Waiter<Row>[]>

/** More keys than this go in the next statement. */
const keysMax = 1_000

function settle<Row>(waiting: Waiting<Row>, rows: Row[], keyOf: (row: Row) => string): void {
  const rowsByKey = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const known = rowsByKey.get(key)
    if (known) known.push(row)
    else rowsByKey.set(key, [row])
  }
  for (const [key, waiters] of waiting) {
    for (const waiter of waiters) waiter.resolve([...(rowsByKey.get(key) ?? [])])
  }
}

function fail<Row>(waiting: Waiting<Row>, error: unknown): void {
  for (const waiters of waiting.values()) for (const waiter of waiters) waiter.reject(error)
}

/**
 * A reader by key. A key joins the statement that is about to leave, never one that has left: so whatever was committed
 * before the question is in the answer. One statement is on its way at a time; keys asked for meanwhile collect.
 * Rows may be shared between callers who asked for the same key: read them, do not change them.
 */
export function createBatchedRead<Key extends string, Row>(
  read: (keys: string[]) => Promise<Row[]>,
  keyOf: (row: Row) => Key,
): (key: Key) => Promise<Row[]> {
  let collecting: Waiting<Row> = new Map()
  let busy = false

  function take(): Waiting<Row> {
    const taken = collecting
    collecting = new Map()
    if (taken.size <= keysMax) return taken
    const entries = [...taken]
    collecting = new Map(entries.slice(keysMax))
    return new Map(entries.slice(0, keysMax))
  }

  async function drain(): Promise<void> {
    while (collecting.size) {
      const leaving = take()
      try {
        settle(leaving, await read([...leaving.keys()]), keyOf)
      } catch (error) {
        fail(leaving, error)
        // Those who waited behind a database that does not answer have waited long enough.
        if (error instanceof Problem && error.code === 'UNAVAILABLE') fail(take(), error)
      }
    }
    busy = false
  }

  return (key) =>
    new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      const sameKey = collecting.get(key)
      if (sameKey) sameKey.push(waiter)
      else collecting.set(key, [waiter])
      if (busy) return
      busy = true
      // The check phase comes after every request of this turn of the event loop has asked.
      setImmediate(drain)
    })
}
