import { clockAt } from '@latchkey/clock/testing'
import { carriesUsage } from './key-usage.contract.ts'
import { memoryUsageStream } from './key-usage.memory.ts'

carriesUsage(async (limits) => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  return { stream: memoryUsageStream({ clock, ...limits }), pass: async (ms) => clock.advance(ms) }
})
