/** One connection of HTTP/1.1 with one request at a time, in as few steps as it takes: what asks must not be what is short. */
import { connect } from 'node:net'
import type { Outcome } from './tally.ts'

export interface Connection {
  ask(text: string, dueMs: number): void
  /** Since when the answer is due; `null`: it waits for none. */
  readonly dueMs: number | null
  /** Ends it, whether or not an answer is due. */
  leave(): void
}

interface Terms {
  readonly host: string
  readonly port: number
  /** Open, and waiting for no answer. */
  readonly onIdle: () => void
  readonly onOutcome: (outcome: Outcome, dueMs: number) => void
  readonly onClose: () => void
}

/** `null`: it is not whole yet. */
function outcomeOf(answer: string): Outcome | null {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return null
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1]
  if (answer.length < end + 4 + Number(length ?? 0)) return null
  const status = answer.slice(9, 12)
  if (status === '200') return answer.startsWith('{"data":', end + 4) ? 'good' : 'failed'
  if (status !== '503' && status !== '429') return 'failed'
  return /\r\nretry-after: \d/i.test(answer) ? 'refused' : 'refusedWithoutRetryAfter'
}

export function openConnection({ host, port, onIdle, onOutcome, onClose }: Terms): Connection {
  let dueMs: number | null = null
  let said = ''
  function answered(outcome: Outcome): void {
    const since = dueMs
    dueMs = null
    said = ''
    if (since !== null) onOutcome(outcome, since)
  }
  const idleNow = () => {
    if (dueMs === null) onIdle()
  }
  const socket = connect({ host, port, noDelay: true }, idleNow)
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    said += text
    const outcome = outcomeOf(said)
    if (!outcome) return
    answered(outcome)
    onIdle()
  })
  // What is wrong with it, its end tells.
  socket.on('error', () => {})
  socket.on('close', () => {
    answered('lost')
    onClose()
  })
  return {
    ask(text, due) {
      dueMs = due
      socket.write(text, 'latin1')
    },
    get dueMs() {
      return dueMs
    },
    leave() {
      answered('left')
      socket.destroy()
    },
  }
}
