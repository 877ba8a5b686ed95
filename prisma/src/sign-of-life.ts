/** A sign of life of Postgres, asked for on a connection of its own: no statement of ours stands before it. */
import { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { AwakeClock } from '@latchkey/clock/awake'
import pg from 'pg'

export interface SignOfLife {
  /** Whether the server says anything in time, a refusal too; noise and half an answer are nothing. */
  given(): Promise<boolean>
  close(): void
}

const answerWithinMs = 200
/** To open a connection takes four answers and a new process of the server. */
const openWithinMs = 500

/** Postgres and the network name their refusals; a time-out, noise and half an answer have no name. */
const isRefusal = (error: unknown): boolean => error instanceof Error && 'code' in error && Boolean(error.code)

interface Line {
  readonly client: pg.Client
  readonly socket: Socket
}

type Outcome = 'given' | 'nothing'

/** Opens its connection when it is first asked, and another one whenever that is lost or silent. */
export function createSignOfLife(server: pg.ClientConfig, { nowMs }: Pick<AwakeClock, 'nowMs'>): SignOfLife {
  let open: Line | null = null

  function leave(line: Line): void {
    if (open === line) open = null
    // What has not answered would not say goodbye either.
    line.socket.destroy()
  }

  async function inTime(line: Line, answer: Promise<unknown>, withinMs: number): Promise<boolean> {
    const heard = answer.then(
      (): Outcome => 'given',
      (error: unknown): Outcome => {
        leave(line)
        return isRefusal(error) ? 'given' : 'nothing'
      },
    )
    const outcome = await Promise.race([heard, silence(withinMs)])
    if (outcome === 'silent') leave(line)
    return outcome === 'given'
  }

  /** Of this process, while it was awake. */
  async function silence(ms: number): Promise<'silent'> {
    const untilMs = nowMs() + ms
    while (nowMs() < untilMs) await pause(untilMs - nowMs(), undefined, { ref: false })
    return 'silent'
  }

  function openAnother(): Promise<boolean> {
    const socket = new Socket().unref()
    const client = new pg.Client({ ...server, stream: () => socket })
    const line = { client, socket }
    client.on('error', () => leave(line))
    open = line
    return inTime(line, client.connect(), openWithinMs)
  }

  return {
    given: () => (open ? inTime(open, open.client.query('SELECT 1'), answerWithinMs) : openAnother()),
    close() {
      if (open) leave(open)
    },
  }
}
