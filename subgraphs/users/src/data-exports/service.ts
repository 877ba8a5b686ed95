/** What can be done with data exports: ask for one, look at it, read it. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { type DataExport, keptForMs } from './data-export.ts'
import type { DataExportStore } from './store.ts'

export interface DataExportDependencies {
  readonly store: DataExportStore
  readonly accountStore: Pick<AccountStore, 'byId'>
  readonly personalData: PersonalData
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  readonly wakeOutbox: () => void
}

export interface DataExportService {
  /** Has everything put together that is held of the person. Within 24 hours the same request again. */
  request(userId: string, cause: Cause): Promise<DataExport>
  /** What the person asked for and can still fetch. */
  of(userId: string): Promise<readonly DataExport[]>
  /** The document, put on record as read; `null` while it is being put together. */
  read(dataExport: DataExport, cause: Cause): Promise<string | null>
}

export function createDataExportService(dependencies: DataExportDependencies): DataExportService {
  const { store, accountStore, personalData, outbox, audit, clock, entropy, wakeOutbox } = dependencies
  return {
    async request(userId, cause) {
      const createdAt = clock.now()
      const expiresAt = new Date(createdAt.getTime() + keptForMs)
      const id = newId(entropy, 'exp')
      const kept = await store.begin({
        export: { id, accountId: userId, createdAt, readyAt: null, expiresAt },
        consequences: {
          records: [audit({ action: 'data-export.request', target: userId, outcome: 'begun' }, cause)],
          messages: [outbox.message({ kind: 'data-export', userId, exportId: id })],
          tokens: [],
        },
      })
      if (!kept) throw new Problem('NOT_FOUND', `account ${userId}`)
      wakeOutbox()
      return kept
    },
    of: (userId) => store.of(userId, clock.now()),
    async read({ id, accountId }, cause) {
      const record = audit({ action: 'data-export.read', target: accountId, outcome: 'read' }, cause)
      const sealed = await store.read({ exportId: id, accountId, now: clock.now(), record })
      const account = sealed && (await accountStore.byId(accountId))
      return sealed && account
        ? personalData.withKey(accountId, account.sealedKey).open(`data_exports.document:${id}`, sealed)
        : null
    },
  }
}
