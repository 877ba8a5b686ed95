/** Connections on which somebody was refused: they are not read until it is their turn, so that asking on makes whoever asks wait, and no work. */
import type { Socket } from 'node:net'

export type Connection = Pick<Socket, 'pause' | 'resume' | 'on'>

export interface Rests {
  /** False: it rests already, so that this was asked without waiting for the refusal before it. */
  begin(connection: Connection): boolean
  /** Reads so many again, who has rested longest first; and whoever has rested for `restMsMax`. */
  look(turns: number): void
  /** Reads all of them again, and lets nobody rest any more. */
  close(): void
  readonly count: number
}

/** Whoever asks on such a connection waits no longer. */
export const restMsMax = 5_000

export function createRests(nowMs: () => number): Rests {
  /** Who rests, and since when: whoever began first comes first. */
  const resting = new Map<Connection, number>()
  const known = new WeakSet<Connection>()
  let state: 'open' | 'closed' = 'open'

  function know(connection: Connection): void {
    known.add(connection)
    // Node reads on by itself when it has done with a request.
    connection.on('resume', () => {
      if (resting.has(connection)) connection.pause()
    })
  }

  function end(connection: Connection): void {
    resting.delete(connection)
    connection.resume()
  }

  return {
    begin(connection) {
      if (state === 'closed') return true
      if (resting.has(connection)) return false
      if (!known.has(connection)) know(connection)
      resting.set(connection, nowMs())
      connection.pause()
      return true
    },
    look(turns) {
      const longEnoughSinceMs = nowMs() - restMsMax
      let left = turns
      for (const [connection, sinceMs] of resting) {
        if (left <= 0 && sinceMs > longEnoughSinceMs) return
        left -= 1
        end(connection)
      }
    },
    close() {
      state = 'closed'
      for (const connection of resting.keys()) end(connection)
    },
    get count() {
      return resting.size
    },
  }
}
