/** Tells an account that a session of its own ran out, once it was found to be over: as the ends that somebody makes are told by Sessions. */
import type { AccountNews } from '@latchkey/principal/account-news'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import { expiredReason } from './ending.ts'
import type { Permission } from './stream.ts'

/** However many streams rested upon a session, a gateway tells of it once. */
const toldMax = 10_000

/** Neither waits nor throws. */
export function createExpiryTeller(news: Pick<AccountNews, 'tell'>) {
  const told = createBoundedCache<true>({ entriesMax: toldMax })
  return ({ principal, liveUntilMs: at }: Permission): void => {
    if (principal.kind !== 'user' || at === undefined || told.find(principal.sessionId)) return
    const { sessionId: id, userId: accountId } = principal
    told.keep(id, true)
    // Its own streams are not to end by this: where clocks differ each finds out by itself.
    news
      .tell({ accountId, news: { event: { field: 'sessionEnded', facts: { id, reason: expiredReason, at } } } })
      .catch(() => {})
  }
}
