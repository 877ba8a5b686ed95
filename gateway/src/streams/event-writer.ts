/** Server-sent events, as GraphQL over SSE writes them in its mode of distinct connections: one connection for each operation. */
import type { ServerResponse } from 'node:http'

export const eventStream = 'text/event-stream; charset=utf-8'

export interface EventWriter {
  /** The text of one GraphQL answer, in one line. */
  next(text: string): void
  /** There is nothing more; the connection ends with it. */
  complete(): void
  /** A comment, so that whatever stands between knows that the connection is in use. */
  beat(): void
  /** What was written and the client has not taken yet. */
  waitingBytes(): number
  /** Ends the connection though the client has not taken everything. */
  drop(): void
  /** Calls once the connection has ended, whoever ended it; at once where it has already. */
  onEnd(ended: () => void): void
}

/**
 * The head is written already. `left`: aborted when the connection has ended, which an answer that waits behind another is not told
 * by Node.
 */
export function writeEvents(response: ServerResponse, left: AbortSignal): EventWriter {
  const write = (text: string) => {
    if (!response.writableEnded && !response.destroyed) response.write(text)
  }
  return {
    next: (text) => write(`event: next\ndata: ${text}\n\n`),
    complete() {
      write('event: complete\ndata:\n\n')
      response.end()
    },
    beat: () => write(':\n\n'),
    waitingBytes: () => response.writableLength,
    drop: () => response.destroy(),
    onEnd: (ended) => (left.aborted ? ended() : left.addEventListener('abort', ended, { once: true })),
  }
}
