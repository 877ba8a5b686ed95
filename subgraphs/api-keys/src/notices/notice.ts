/** What the owner of a key is told of its end, and when. Pure. */
import { dayMs } from '@latchkey/clock'

/** So many days before its end; the last is said of the last day. */
export const noticeDays = [30, 14, 3, 1] as const
export type NoticeDays = (typeof noticeDays)[number]

export type NoticeKind = `expires-${NoticeDays}` | 'overlap'

/** Of the overlap: who still uses the old key by then is told. */
export const overlapWarnedAt = 0.8

export const longestNoticeMs = Math.max(...noticeDays) * dayMs

/**
 * The notice that a key's end asks for at a moment: the nearest that has come, so that whoever was late says one thing and not
 * three; none that would come in the first half of the key's life, which its owner chose not long ago.
 */
export function expiryNotice(
  { createdAt, expiresAt }: { createdAt: Date; expiresAt: Date },
  now: Date,
): NoticeKind | null {
  const leftMs = expiresAt.getTime() - now.getTime()
  if (leftMs <= 0) return null
  const days = noticeDays.findLast((each) => leftMs <= each * dayMs)
  if (days === undefined || expiresAt.getTime() - createdAt.getTime() < 2 * days * dayMs) return null
  return `expires-${days}`
}

export interface Overlap {
  readonly rotatedAt: Date
  readonly expiresAt: Date
  /** Of the old key; null: never, as far as is known. */
  readonly lastUsedAt: Date | null
}

/** Whether the old key was used beside the new one, and most of the time for that is over. */
export function overlapNotice({ rotatedAt, expiresAt, lastUsedAt }: Overlap, now: Date): NoticeKind | null {
  const [from, to, at] = [rotatedAt.getTime(), expiresAt.getTime(), now.getTime()]
  const isLate = at >= from + overlapWarnedAt * (to - from) && at < to
  return isLate && lastUsedAt !== null && lastUsedAt >= rotatedAt ? 'overlap' : null
}

/** How many days are left, begun ones included. */
export const daysLeft = (expiresAt: Date, now: Date): number =>
  Math.max(0, Math.ceil((expiresAt.getTime() - now.getTime()) / dayMs))
