/** The signal that a client has left. */
import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'

/** One signal per connection: it carries one request at a time, and closes when the client has gone. */
export function createLeftSignals(): (request: IncomingMessage) => AbortSignal {
  const signals = new WeakMap<object, AbortSignal>()
  return ({ socket }) => {
    const known = signals.get(socket)
    if (known) return known
    const controller = new AbortController()
    // Whoever sends many requests without waiting for an answer is no leak.
    setMaxListeners(0, controller.signal)
    socket.once('close', () => controller.abort())
    signals.set(socket, controller.signal)
    return controller.signal
  }
}
