/** The signal that a client has left. */
import type { IncomingMessage } from 'node:http'

/** One signal per connection: it carries one request at a time, and closes when the client has gone. */
export function createLeftSignals(): (request: IncomingMessage) => AbortSignal {
  const signals = new WeakMap<object, AbortSignal>()
  return ({ socket }) => {
    const known = signals.get(socket)
    if (known) return known
    const controller = new AbortController()
    socket.once('close', () => controller.abort())
    signals.set(socket, controller.signal)
    return controller.signal
  }
}
