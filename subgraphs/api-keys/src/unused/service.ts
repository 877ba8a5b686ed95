/** Keys that nothing uses: what could be revoked and would not be missed. */
import { type Clock, dayMs } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import { type Page, type PageArguments, pageOf, parsePage } from '@latchkey/subgraph/page'
import type { ApiKey } from '../keys/key.ts'
import type { Reach } from '../keys/reach.ts'
import { faultOfDays } from '../mass-revocation/criteria.ts'
import type { UnusedKey, UnusedStore } from './store.ts'

export interface UnusedService {
  /** Keys that have not ended and were neither made nor used in so many days, newest first. BAD_USER_INPUT, UNAVAILABLE. */
  unused(reach: Reach, days: number, page: PageArguments): Promise<Page<ApiKey>>
  /** The operator's way: everybody's, batch by batch. */
  report(days: number): AsyncIterable<readonly UnusedKey[]>
}

const reportedAtOnce = 500

export function createUnused({ store, clock }: { store: UnusedStore; clock: Clock }): UnusedService {
  const sinceOf = (days: number) => {
    const fault = faultOfDays(days)
    if (fault !== null) throw badInput({ days: fault })
    return new Date(clock.now().getTime() - days * dayMs)
  }
  return {
    async unused(reach, days, page) {
      const since = sinceOf(days)
      const request = parsePage(page)
      const asked = { reach, since, now: clock.now(), after: request.after, limit: request.size + 1 }
      return pageOf<ApiKey>(await store.unused(asked), request, ({ createdAt, id }) => ({ at: createdAt, id }))
    },
    async *report(days) {
      const asked = {
        reach: { of: 'everyone' },
        since: sinceOf(days),
        now: clock.now(),
        limit: reportedAtOnce,
      } as const
      let after: { readonly at: Date; readonly id: string } | null = null
      for (;;) {
        const page: readonly UnusedKey[] = await store.unused({ ...asked, after })
        if (page.length > 0) yield page
        const last = page.at(-1)
        if (!last || page.length < reportedAtOnce) return
        after = { at: last.createdAt, id: last.id }
      }
    },
  }
}
