/** Retention: records whose time is over leave at the beginning of the chain, and its head says, signed, where it begins now. */
import { type Clock, dayMs, hourMs } from '@latchkey/clock'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import { type Head, judgeHead, signHead } from './head.ts'
import { linkAfter, type Place } from './link.ts'
import type { ChainStore } from './store.ts'

export interface Retention {
  /** Removes whatever is over now; how many records that were. Rejects with UNAVAILABLE, and when what would go is not as it was written. */
  forget(): Promise<number>
  /** Looks every hour. */
  start(): void
  /** Resolves when nothing is being removed any more. */
  close(): Promise<void>
}

export interface RetentionDependencies {
  readonly chain: string
  readonly store: ChainStore
  readonly keyring: Keyring
  readonly clock: Clock
  readonly keptDays: number
  readonly logger: Logger
}

/** The store takes no more. */
const forgottenAtOnceMax = 1_000

/** The batches of one look: what is left waits for the next. */
const batchesMax = 200

export function createRetention(dependencies: RetentionDependencies): Retention {
  const { chain, store, keyring, clock, keptDays, logger } = dependencies

  /** The last place of the beginning that is over; `null`: it is not as it was written. */
  async function overUpTo(head: Head, before: Date): Promise<Place | null> {
    let last = head.from
    for (const { seq, hash, record } of await store.links(last.seq, forgottenAtOnceMax)) {
      if (seq > head.to.seq || (record && record.at >= before)) break
      const next = record && seq === last.seq + 1 ? linkAfter(last, chain, record) : null
      if (!next || !sameBytes(next.hash, hash)) return null
      last = next
    }
    return last
  }

  async function forgetBatch(before: Date): Promise<number> {
    const head = await store.head()
    if (!head) return 0
    if (judgeHead(keyring, chain, head) !== 'signed')
      throw new Error(`the head of the audit chain ${chain} is not ours`)
    const from = await overUpTo(head, before)
    // Removed by another replica between the two looks: it is looked at again. What was tampered with is evidence, and stays.
    if (!from && (await store.head())?.from.seq !== head.from.seq) return forgetBatch(before)
    if (!from) throw new Error(`the oldest audit records of ${chain} are not as they were written: see audit verify`)
    const count = from.seq - head.from.seq
    if (count === 0) return 0
    const outcome = await store.forget(head, signHead(keyring, chain, { from, to: head.to }), before)
    return outcome === 'forgotten' ? count : forgetBatch(before)
  }

  async function forget(): Promise<number> {
    const before = new Date(clock.now().getTime() - keptDays * dayMs)
    let total = 0
    for (let batch = 0; batch < batchesMax; batch += 1) {
      const count = await forgetBatch(before)
      total += count
      if (count < forgottenAtOnceMax) break
    }
    if (total > 0) logger.info({ chain, records: total }, 'audit records were removed in their time')
    return total
  }

  let timer: NodeJS.Timeout | undefined
  let current: Promise<unknown> = Promise.resolve()
  const look = () => {
    current = forget().catch((error: unknown) =>
      logger.warn({ err: error, chain }, 'audit records stay beyond their time'),
    )
  }
  return {
    forget,
    start() {
      timer ??= setInterval(look, hourMs).unref()
      look()
    },
    async close() {
      clearInterval(timer)
      await current
    },
  }
}
