/** How many sessions a person may have at once. Roles say it, and Sessions keeps to it (ASVS 7.1.2). */

/** What happens when somebody signs in once more: their oldest session ends, or the sign-in is turned away. */
export type SessionExcess = 'END_OLDEST' | 'REFUSE'

export interface SessionLimit {
  readonly max: number
  readonly onExcess: SessionExcess
}

/** Nobody has more, whatever their roles say. */
export const sessionsMax = 100

export const faultOfLimit = (limit: SessionLimit | null | undefined): string | null =>
  limit && (limit.max < 1 || limit.max > sessionsMax) ? `must be 1 to ${sessionsMax} sessions` : null

/** Of several roles the one that allows least; of two that allow as much the one that refuses. */
export const strictest = (limits: readonly SessionLimit[]): SessionLimit | null =>
  limits.reduce<SessionLimit | null>((least, limit) => (least && !isStricter(limit, least) ? least : limit), null)

const isStricter = (one: SessionLimit, other: SessionLimit): boolean =>
  one.max < other.max || (one.max === other.max && one.onExcess === 'REFUSE')
