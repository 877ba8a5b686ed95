/** Time in which this process was awake. Where an answer waited for the process, nobody else is to blame that it is late. */

export interface AwakeClock {
  /** Milliseconds that only grow. They stand still while the event loop does, and while nobody waits. */
  nowMs(): number
  /**
   * To be called when a wait begins that is to be measured; what it gives, when that is over. `onTick` is called every 25 ms
   * meanwhile. A process in which nobody waits is not woken.
   */
  wait(onTick?: () => void): () => void
}

/** So long a store that says nothing is waited for, unless an operator says otherwise: a request asks more than once, and is answered within 500 ms. */
export const usualPatienceMs = 200

const tickMs = 25
/** What passes between two ticks counts up to here: a timer is a little late on any day. */
const awakeMsMax = 40

interface Wait {
  readonly onTick: (() => void) | undefined
}

/** @param realMs milliseconds that only grow */
export function createAwakeClock(realMs: () => number = () => performance.now()): AwakeClock {
  const waits = new Set<Wait>()
  let timer: NodeJS.Timeout | undefined
  let tickedMs = 0
  let awakeMs = 0
  const sinceTick = () => (timer ? Math.min(realMs() - tickedMs, awakeMsMax) : 0)

  function tick(): void {
    awakeMs += sinceTick()
    tickedMs = realMs()
    if (waits.size === 0) stop()
    for (const { onTick } of waits) onTick?.()
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  function start(): void {
    tickedMs = realMs()
    timer = setInterval(tick, tickMs).unref()
  }

  return {
    nowMs: () => awakeMs + sinceTick(),
    wait(onTick) {
      const mine = { onTick }
      waits.add(mine)
      if (!timer) start()
      // The timer runs on until its next tick: whoever asks again and again starts it once.
      return () => void waits.delete(mine)
    },
  }
}

/** That of this process. */
export const awakeClock: AwakeClock = createAwakeClock()

/** Calls `act` when this process was awake for `ms`; gives what prevents it. */
export function afterAwake(ms: number, act: () => void, { nowMs, wait }: AwakeClock = awakeClock): () => void {
  const untilMs = nowMs() + ms
  const over = wait(() => {
    if (nowMs() < untilMs) return
    over()
    act()
  })
  return over
}
