/** What can be asked about security events: a page of them. */
import type { Clock } from '@latchkey/clock'
import { type Page, type PageArguments, pageOf, parsePage } from '@latchkey/subgraph/page'
import { type SecurityEvent, securityEventOf, shownActions, shownForMs } from './security-event.ts'
import type { SecurityEventStore } from './store.ts'

export interface SecurityEventDependencies {
  readonly store: SecurityEventStore
  readonly clock: Clock
}

export interface SecurityEventService {
  /** What happened to the account in the last 90 days, newest first. Rejects with BAD_USER_INPUT for a page that is none. */
  page(accountId: string, asked: PageArguments): Promise<Page<SecurityEvent>>
  /** One of them; null when it is none of the account's. */
  one(accountId: string, id: string): Promise<SecurityEvent | null>
}

export const createSecurityEventService = ({ store, clock }: SecurityEventDependencies): SecurityEventService => ({
  async page(accountId, asked) {
    const request = parsePage(asked)
    const since = new Date(clock.now().getTime() - shownForMs)
    const { size, after } = request
    const found = await store.list({ accountId, actions: shownActions, since, after, max: size + 1 })
    return pageOf(
      found.flatMap((stored) => securityEventOf(stored, accountId) ?? []),
      request,
      (event) => event,
    )
  },
  async one(accountId, id) {
    const stored = await store.one(accountId, id)
    return stored && securityEventOf(stored, accountId)
  },
})
