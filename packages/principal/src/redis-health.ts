/** What a process counts of its Redis: whether it answers, and how fast. */
import { gaugeOf, timingOf } from '@latchkey/telemetry/metrics'

const pings = timingOf('latchkey_redis_ping_seconds', 'How long Redis took to answer a ping, one a second.', [])

export interface RedisHealth {
  /** Awaits a ping, and tells its time. Rejects as it does. */
  timed(ping: Promise<unknown>): Promise<void>
}

/** `isThere`: whether anything can be asked of it now. */
export function watchRedisHealth(isThere: () => boolean): RedisHealth {
  gaugeOf('latchkey_redis_up', '1 while Redis answers in time; 0 while every question to it is refused.', () =>
    isThere() ? 1 : 0,
  )
  return {
    async timed(ping) {
      const sentMs = performance.now()
      await ping
      pings.observe({}, (performance.now() - sentMs) / 1_000)
    },
  }
}
