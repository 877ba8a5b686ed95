/** Retention: records whose time is over leave at the beginning of the chain, and its head says, signed, where it begins now. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, dayMs } from '@latchkey/clock'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import { type Head, judgeHead, signHead } from './head.ts'
import { linkAfter, type Place } from './link.ts'
import type { ChainStore } from './store.ts'

export interface Retention {
  /**
   * Removes whatever is over now, however much that is, or until it is told to end; how many records that were. It rests after each
   * batch for as long as that took. Rejects with UNAVAILABLE, and when
   * what would go is not as it was written.
   */
  forget(ending?: AbortSignal): Promise<number>
}

export interface RetentionDependencies {
  readonly chain: string
  readonly store: Pick<ChainStore, 'head' | 'links' | 'forget'>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly keptDays: number
  readonly logger: Logger
  /** Records that go at once; a thousand unless set, and the store takes no more. */
  readonly batchRecords?: number
}

const batchRecordsUsual = 1_000

export function createRetention(dependencies: RetentionDependencies): Retention {
  const { chain, store, keyring, clock, keptDays, logger, batchRecords = batchRecordsUsual } = dependencies

  /** The last place of the beginning that is over; `null`: it is not as it was written. */
  async function overUpTo(head: Head, before: Date): Promise<Place | null> {
    let last = head.from
    for (const { seq, hash, record } of await store.links(last.seq, batchRecords)) {
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

  async function forget(ending?: AbortSignal): Promise<number> {
    const before = new Date(clock.now().getTime() - keptDays * dayMs)
    let total = 0
    while (!ending?.aborted) {
      const startedMs = performance.now()
      const count = await forgetBatch(before)
      total += count
      if (count < batchRecords) break
      await pause(performance.now() - startedMs, undefined, { ref: false })
    }
    if (total > 0) logger.info({ chain, records: total }, 'audit records were removed in their time')
    return total
  }

  return { forget }
}
