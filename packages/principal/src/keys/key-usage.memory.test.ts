import { clockAt } from '@latchkey/clock/testing'
import { carriesUsage } from './key-usage.contract.ts'
import { memoryUsageStream } from './key-usage.memory.ts'
import { takenMs } from './key-usage.ts'

carriesUsage(async ({ entriesMax } = {}) => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const stream = memoryUsageStream({ clock, ...(entriesMax && { entriesMax }) })
  return { stream, pass: async () => clock.advance(takenMs) }
})
