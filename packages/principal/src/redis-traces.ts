/** Redis in a trace: the commands by their names, those of a pipeline as one, and never with what they say. */
import { isTraced, traced } from '@latchkey/telemetry/traces'
import type { Redis } from './redis.ts'

const facts = { 'db.system': 'redis' }

/** Traces what is sent from here on. */
export function traceCommands(redis: Redis): void {
  const send = redis.sendCommand.bind(redis)
  const pipelines = new WeakSet<object>()
  redis.sendCommand = (command, stream) => {
    if (isTraced() && !(stream && pipelines.has(stream))) {
      if (stream) pipelines.add(stream)
      // One that fails is heard of by whoever sent it.
      traced({ name: `redis ${command.name}`, kind: 'client', facts }, () => command.promise)
    }
    return send(command, stream)
  }
}
