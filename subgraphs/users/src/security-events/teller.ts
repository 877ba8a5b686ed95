/** Tells whoever listens to an account what has just gone on record about it: once it is there, and not before. */
import type { AccountNews } from '@latchkey/principal/account-news'
import type { Logger } from '@latchkey/telemetry'
import type { AuditRecord } from '../audit/audit.ts'
import { shownActions } from './security-event.ts'
import type { SecurityEventStore } from './store.ts'

export interface SecurityEventTeller {
  /** Of a record that is about to be written, or not: only the transaction that it is for knows. Neither waits nor throws. */
  made(record: Pick<AuditRecord, 'id' | 'action' | 'target'>): void
}

interface TellerDependencies {
  readonly store: Pick<SecurityEventStore, 'onRecord'>
  readonly news: Pick<AccountNews, 'tell' | 'listenedTo'>
  readonly logger: Logger
}

interface Awaited {
  readonly id: string
  readonly accountId: string
  /** How often it has been looked for in vain. */
  readonly looks: number
}

/** When a record is looked for: most are there by the first time; after the last it was none. */
const lookAfterMs = [25, 100, 400, 1_600, 5_000]
/** Of records that may be told of, at once. A list that is full takes no more: `User.securityEvents` has them all. */
const awaitedMax = 1_000

/** Asks the database about accounts that somebody listens to, and about no other. */
export function createSecurityEventTeller({ store, news, logger }: TellerDependencies): SecurityEventTeller {
  let count = 0

  async function look(awaited: readonly Awaited[]): Promise<void> {
    const heeded = await news.listenedTo([...new Set(awaited.map(({ accountId }) => accountId))])
    const wanted = awaited.filter(({ accountId }) => heeded.has(accountId))
    if (wanted.length === 0) return
    const found = new Set(await store.onRecord(wanted.map(({ id }) => id)))
    const told = wanted.filter(({ id }) => found.has(id))
    for (const { id, accountId } of told)
      await news.tell({ accountId, news: { event: { field: 'securityEvent', facts: { id } } } })
    for (const { looks, ...missing } of wanted) if (!found.has(missing.id)) lookFor({ ...missing, looks: looks + 1 })
  }

  const gathering = new Map<number, Awaited[]>()

  function lookFor(awaited: Awaited): void {
    const afterMs = lookAfterMs[awaited.looks]
    if (afterMs === undefined || count >= awaitedMax) return
    count += 1
    const others = gathering.get(awaited.looks)
    if (others) {
      others.push(awaited)
      return
    }
    const together = [awaited]
    gathering.set(awaited.looks, together)
    setTimeout(() => {
      gathering.delete(awaited.looks)
      count -= together.length
      look(together).catch((error: unknown) => logger.warn({ err: error }, 'security events were not told'))
    }, afterMs).unref()
  }

  return {
    made({ id, action, target: accountId }) {
      if (shownActions.includes(action)) lookFor({ id, accountId, looks: 0 })
    },
  }
}
