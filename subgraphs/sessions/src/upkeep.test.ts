import { minuteMs } from '@latchkey/clock'
import { silentLogger } from '@latchkey/telemetry'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createUpkeep } from './upkeep.ts'

describe('the upkeep', () => {
  afterEach(() => vi.useRealTimers())

  it('works at once and every minute, never twice at a time, and goes on after a failure', async () => {
    vi.useFakeTimers()
    const work = vi.fn().mockRejectedValueOnce(new Error('not now')).mockResolvedValue(undefined)
    const another = vi.fn().mockResolvedValue(undefined)
    const upkeep = createUpkeep({ 'work done': work, 'another done': another }, silentLogger)
    await Promise.all([upkeep.start(), upkeep.start()])
    expect(work).toHaveBeenCalledTimes(1)
    expect(another).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(2 * minuteMs)
    expect(work).toHaveBeenCalledTimes(3)
    await upkeep.stop()
    await vi.advanceTimersByTimeAsync(minuteMs)
    expect(work).toHaveBeenCalledTimes(3)
  })
})
