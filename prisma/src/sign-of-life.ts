/** A sign of life of Postgres, asked for on a connection of its own: no statement of ours stands before it. */
import { Socket } from 'node:net'
import { afterAwake } from '@latchkey/clock/awake'
import pg from 'pg'

export interface SignOfLife {
  /** Whether the server says anything in time, a refusal too; noise and half an answer are nothing. */
  given(): Promise<boolean>
  close(): void
}

/** To open a connection takes so much longer: four answers and a new process of the server. */
const openingMs = 300

/** Postgres and the network name their refusals; a time-out, noise and half an answer have no name. */
const isRefusal = (error: unknown): boolean => error instanceof Error && 'code' in error && Boolean(error.code)

interface Line {
  readonly client: pg.Client
  readonly socket: Socket
}

/** Opens its connection when it is first asked, and another one whenever that is lost or silent for `patienceMs`. */
export function createSignOfLife(server: pg.ClientConfig, patienceMs: number): SignOfLife {
  let open: Line | null = null

  function leave(line: Line): void {
    if (open === line) open = null
    // What has not answered would not say goodbye either.
    line.socket.destroy()
  }

  /** Silence is counted while this process was awake. */
  function inTime(line: Line, answer: Promise<unknown>, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const fail = (isGiven: boolean) => {
        stopWaiting()
        leave(line)
        resolve(isGiven)
      }
      const stopWaiting = afterAwake(withinMs, () => fail(false))
      answer.then(
        () => {
          stopWaiting()
          resolve(true)
        },
        (error: unknown) => fail(isRefusal(error)),
      )
    })
  }

  function openAnother(): Promise<boolean> {
    const socket = new Socket().unref()
    const client = new pg.Client({ ...server, stream: () => socket })
    const line = { client, socket }
    client.on('error', () => leave(line))
    open = line
    return inTime(line, client.connect(), patienceMs + openingMs)
  }

  return {
    given: () => (open ? inTime(open, open.client.query('SELECT 1'), patienceMs) : openAnother()),
    close() {
      if (open) leave(open)
    },
  }
}
