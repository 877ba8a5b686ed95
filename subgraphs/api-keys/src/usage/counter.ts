/** Counts what the gateways tell of uses of keys: takes batches, counts them once, settles them. Any number may run. */
import { type Clock, dayMs, type Entropy, hourMs, minuteMs, newId } from '@latchkey/clock'
import { readBatch, type TakenBatch, type UsageBatch, type UsageStream } from '@latchkey/principal/key-usage'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import { createAllowance } from './allowance.ts'
import type { CountingStore } from './store.ts'
import { tallyOf } from './tally.ts'

const fates = countOf(
  'latchkey_key_uses_counted_total',
  'Uses of keys, by what became of them on the way to the counts.',
  ['fate'],
)

export interface UsageCounterDependencies {
  readonly usage: Pick<UsageStream, 'take' | 'settle'>
  readonly store: CountingStore
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
}

export interface UsageCounter {
  /** Counts what waits now, and what comes from here on. */
  start(): void
  /** Counts what waits, for three seconds at most, and ends. */
  close(): Promise<void>
  /** Counts what waits now. Rejects with UNAVAILABLE, and then begins again with what it had. */
  countWaiting(): Promise<void>
  /** Makes partitions ahead and drops those that are past. */
  upkeep(): Promise<void>
  /** Tells of what was lost. */
  lookForGaps(): Promise<void>
}

const pauseMs = 500
const troubleMs = 1_000
const closeWithinMs = 3_000
/** How many batches are counted in one transaction; fewer after one that failed. */
const atOnce = { usual: 100, careful: 5 }
/** One that is older was counted, or is not known to have been: it could count twice. */
const oldestMs = 6 * dayMs
const newestMs = hourMs

export function createUsageCounter({ usage, store, clock, entropy, logger }: UsageCounterDependencies): UsageCounter {
  const taker = newId(entropy, 'ctr')
  const allowed = createAllowance({ clock })
  let held: readonly TakenBatch[] = []
  let roomFor = new Set<number>()
  const upkeepDue = createInterval(hourMs)
  const gapsDue = createInterval(minuteMs)
  let mode: keyof typeof atOnce = 'usual'
  let state: 'new' | 'started' | 'closed' = 'new'
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function makeRoom(batches: readonly UsageBatch[]): Promise<void> {
    const days = daysOf(batches).filter((day) => !roomFor.has(day))
    if (days.length === 0) return
    await store.makeRoom(
      days.map((day) => new Date(day)),
      clock.now(),
    )
    for (const day of days) roomFor.add(day)
  }

  async function countHeld(): Promise<void> {
    const some = held.slice(0, atOnce[mode])
    const batches = some.flatMap(({ text }) => readable(text))
    try {
      await makeRoom(batches)
      if (batches.length > 0) {
        const { counted } = await store.count(batches, clock.now(), (fresh) => tallyOf(fresh, allowed))
        fates.add({ fate: 'counted' }, counted)
      }
      await usage.settle(some.map(({ id }) => id))
      mode = 'usual'
    } catch (error) {
      mode = 'careful'
      // Somebody may have dropped what it is written into.
      roomFor = new Set()
      throw error
    }
    held = held.slice(some.length)
  }

  function readable(text: string): UsageBatch[] {
    const batch = readBatch(text)
    const ageMs = batch && clock.now().getTime() - batch.atMs
    if (batch && ageMs !== null && ageMs < oldestMs && ageMs > -newestMs) return [batch]
    const { producer, uses } = batch ?? {}
    fates.add({ fate: 'unreadable' }, uses?.length ?? 1)
    logger.error({ producer, uses: uses?.length, ageMs }, 'a batch of uses of keys cannot be counted')
    return []
  }

  /** What comes meanwhile waits for the next time: many counted together are counted in as many statements as few. */
  async function countWaiting(): Promise<void> {
    for (let more = true; more; ) {
      if (held.length === 0) held = await usage.take(taker, atOnce.usual)
      more = held.length === atOnce.usual
      while (held.length > 0) await countHeld()
    }
  }

  async function upkeep(): Promise<void> {
    const now = clock.now()
    const ahead = [0, 1, 2].map((days) => new Date(Math.floor(now.getTime() / dayMs + days) * dayMs))
    await store.makeRoom(ahead, now)
  }

  async function lookForGaps(): Promise<void> {
    for (const { producer, lost } of await store.noticeGaps(clock.now())) {
      fates.add({ fate: 'lost' }, lost)
      logger.error({ producer, lost }, 'uses of keys were lost between a gateway and the counts')
    }
  }

  async function work(): Promise<number> {
    try {
      await upkeepDue(upkeep)
      await gapsDue(lookForGaps)
      await countWaiting()
      return pauseMs
    } catch (error) {
      logger.warn({ err: error }, 'the counting of uses of keys waits')
      return troubleMs
    }
  }

  function turn(): void {
    running = work().then((wait) => {
      if (state === 'started') timer = setTimeout(turn, wait).unref()
    })
  }

  return {
    countWaiting,
    upkeep,
    lookForGaps,
    start() {
      if (state !== 'new') return
      state = 'started'
      turn()
    },
    async close() {
      const was = state
      state = 'closed'
      clearTimeout(timer)
      const last = running.then(() => (was === 'started' ? countWaiting() : undefined))
      let impatient: NodeJS.Timeout | undefined
      const deadline = new Promise<void>((resolve) => {
        impatient = setTimeout(resolve, closeWithinMs)
      })
      await Promise.race([last, deadline]).catch((error: unknown) =>
        logger.warn({ err: error }, 'uses of keys wait for the next counter'),
      )
      clearTimeout(impatient)
    },
  }
}

function daysOf(batches: readonly UsageBatch[]): readonly number[] {
  const days = new Set<number>()
  const add = (ms: number) => void days.add(Math.floor(ms / dayMs) * dayMs)
  for (const { atMs, uses } of batches) {
    add(atMs)
    for (const use of uses) add(use.atMs)
  }
  return [...days]
}

/** Does at once, and then no more often than that, what is asked. */
function createInterval(everyMs: number) {
  let doneAtMs = Number.NEGATIVE_INFINITY
  return async (work: () => Promise<void>): Promise<void> => {
    if (performance.now() - doneAtMs < everyMs) return
    await work()
    doneAtMs = performance.now()
  }
}
