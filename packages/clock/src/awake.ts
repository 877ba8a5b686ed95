/** Time in which this process was awake. Where an answer waited for the process, nobody else is to blame that it is late. */

export interface AwakeClock {
  /** Milliseconds that only grow, and stand still while the event loop does. */
  nowMs(): number
  stop(): void
}

const tickMs = 25
/** What passes between two ticks counts up to here: a timer is a little late on any day. */
const awakeMsMax = 40

/** @param realMs milliseconds that only grow */
export function watchAwake(realMs: () => number = () => performance.now()): AwakeClock {
  let tickedMs = realMs()
  let awakeMs = 0
  const sinceTick = () => Math.min(realMs() - tickedMs, awakeMsMax)
  const timer = setInterval(() => {
    awakeMs += sinceTick()
    tickedMs = realMs()
  }, tickMs).unref()
  return { nowMs: () => awakeMs + sinceTick(), stop: () => clearInterval(timer) }
}
