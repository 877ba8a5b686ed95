/** Notices about keys: finds keys of whose end their owners have to hear, and has Users tell them. */
import type { Clock } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { z } from 'zod'
import { outboxPayload } from '../keys/trail.ts'
import { expiryNotice, longestNoticeMs, type NoticeKind, overlapNotice } from './notice.ts'
import type { NoticeBatch, NoticeStore, UntoldKey } from './store.ts'
import type { TellOwner } from './tell-owner.ts'

export interface NoticeDependencies {
  readonly store: NoticeStore
  readonly tellOwner: TellOwner
  readonly keyring: Keyring
  readonly clock: Clock
}

export interface Notices {
  /**
   * Looks once through every key that ends soon, batch by batch, and writes what its owner is to be told: each notice once,
   * however many processes look. Answers how many were written. Rejects with UNAVAILABLE.
   */
  look(ending?: AbortSignal): Promise<number>
  /** Delivers one that was written, unless the key has ended or its end has changed since. Rejects with UNAVAILABLE. */
  deliver(payload: unknown): Promise<void>
}

/** So many keys in one transaction. */
const batchMax = 200

const written = z.object({ keyId: z.string(), notice: z.string(), expiresAtMs: z.int() })

/** A key that was rotated ends as its owner wished; all that is told of it is that it is still used. */
const noticeFor = (key: UntoldKey, now: Date): NoticeKind | null => {
  const { rotatedAt } = key
  const kind = rotatedAt ? overlapNotice({ ...key, rotatedAt }, now) : expiryNotice(key, now)
  return kind !== null && !key.told.includes(kind) ? kind : null
}

export function createNotices({ store, tellOwner, keyring, clock }: NoticeDependencies): Notices {
  function messageOf(keyId: string, kind: NoticeKind, expiresAt: Date, now: Date) {
    const payload = { keyId, notice: kind, expiresAtMs: expiresAt.getTime() }
    return {
      kind: 'key-notice',
      sealedPayload: keyring.seal('data', JSON.stringify(payload), outboxPayload),
      createdAt: now,
    } as const
  }

  const writeBatch = (now: Date, after: NoticeBatch['after']) =>
    store.write({ now, horizon: new Date(now.getTime() + longestNoticeMs), limit: batchMax, after }, (key) => {
      const kind = noticeFor(key, now)
      if (!kind) return null
      const { id: keyId, expiresAt } = key
      return { notice: { keyId, kind, expiresAt }, message: messageOf(keyId, kind, expiresAt, now) }
    })

  return {
    async look(ending) {
      const now = clock.now()
      let [count, after]: [number, NoticeBatch['after']] = [0, null]
      while (!ending?.aborted) {
        const batch = await writeBatch(now, after)
        if (batch === 'busy') break
        count += batch.written
        const last = batch.read.at(-1)
        if (!last || batch.read.length < batchMax) break
        after = { at: last.expiresAt, id: last.id }
      }
      return count
    },
    async deliver(payload) {
      const { keyId, notice, expiresAtMs } = written.parse(payload)
      const now = clock.now()
      const key = await store.told(keyId, now)
      if (!key || key.expiresAt.getTime() !== expiresAtMs) return
      await tellOwner({ key, kind: notice === 'overlap' ? 'OVERLAP_ENDS' : 'EXPIRES', notice, now })
    },
  }
}
