/**
 * Erases people. The order makes every cut good by itself:
 *
 * 1. The account is deleted already: no credential of the person is accepted anywhere, nothing new begins.
 * 2. Every other data holder forgets the person and gives a receipt. Without all receipts it ends here and is begun again.
 * 3. One statement erases all that Users holds, the data key with it, and writes the ledger and the record.
 * 4. What was still under way at that moment has ended ten minutes later: then all of it is done once more, and settled.
 *
 * Each step may be done again: a crash anywhere is finished by the next run, on whichever replica.
 */
import type { Clock } from '@latchkey/clock'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Logger } from '@latchkey/telemetry'
import { isAccountId } from '../accounts/account.ts'
import type { AccountStore } from '../accounts/store.ts'
import { type Audit, type Cause, operator, ourselves } from '../audit/audit.ts'
import type { DataHolder } from '../data-holders/data-holder.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { type LedgerEntry, leaseMs, settlingMs } from './erasure.ts'
import type { ErasureStore } from './store.ts'

export interface ErasureDependencies {
  readonly store: ErasureStore
  readonly accounts: Pick<AccountStore, 'idByEmail'>
  readonly indexer: BlindIndexer
  readonly holders: readonly DataHolder[]
  readonly records: Pick<CredentialRecords, 'forgetGrants'>
  readonly publishGrants: (userId: string) => Promise<unknown>
  readonly audit: Audit
  readonly clock: Clock
  readonly logger: Logger
}

export interface Replayed {
  /** Entries that were read. */
  readonly entries: number
  /** Accounts that were there again, and are erased again. */
  readonly erasedAgain: number
}

export interface ErasureService {
  /** Erases every account that is due, on however many replicas at once; settles what was erased before. */
  run(ending?: AbortSignal): Promise<{ readonly erased: number; readonly settled: number }>
  /** Erases the account of an address or an id at once. Rejects when a data holder gives no receipt; then the job goes on. */
  eraseNow(emailOrId: string): Promise<'erased' | 'unknown'>
  /** The ledger, page by page. */
  ledger(): AsyncGenerator<readonly LedgerEntry[]>
  /** Erases again whatever an old copy brought back of these people, here and in every data holder. */
  replay(entries: readonly LedgerEntry[]): Promise<Replayed>
}

const claimedMax = 20
const pageMax = 1_000

export function createErasureService(dependencies: ErasureDependencies): ErasureService {
  const { store, accounts, indexer, holders, records, publishGrants, audit, clock, logger } = dependencies
  const ago = (ms: number) => new Date(clock.now().getTime() - ms)

  /** What each holder forgot, by its name. */
  async function forgetElsewhere(accountId: string): Promise<Readonly<Record<string, string>>> {
    const receipts = await Promise.all(
      holders.map(async ({ name, eraseUser }) => [name, String(await eraseUser(accountId))] as const),
    )
    await records.forgetGrants(accountId)
    return Object.fromEntries(receipts)
  }

  async function erase(accountId: string, cause: Cause): Promise<boolean> {
    const detail = await forgetElsewhere(accountId)
    const record = audit({ action: 'account.erase', target: accountId, outcome: 'erased', detail }, cause)
    return store.erase({ accountId, at: clock.now(), record })
  }

  /** Whether it worked; a failure is told, and made good by a later run. */
  const worked = (work: Promise<unknown>, accountId: string) =>
    work.then(
      (done) => done !== false,
      (err: unknown) => {
        logger.warn({ err, userId: accountId }, 'an erasure was cut short; it is gone on with')
        return false
      },
    )

  async function eraseDue(ending?: AbortSignal): Promise<number> {
    let erased = 0
    while (!ending?.aborted) {
      const due = await store.claimDue({ now: clock.now(), staleBefore: ago(leaseMs), max: claimedMax })
      for (const accountId of due)
        if (!ending?.aborted && (await worked(erase(accountId, ourselves), accountId))) erased += 1
      if (due.length < claimedMax) break
    }
    return erased
  }

  async function settle(accountId: string): Promise<void> {
    await forgetElsewhere(accountId)
    await store.settle(accountId, clock.now())
  }

  async function settleErased(before: Date, ending?: AbortSignal): Promise<number> {
    let [settled, after] = [0, '']
    while (!ending?.aborted) {
      const page = await store.unsettled({ before, after, max: claimedMax })
      for (const accountId of page) if (!ending?.aborted && (await worked(settle(accountId), accountId))) settled += 1
      if (page.length < claimedMax) break
      after = page.at(-1) ?? after
    }
    return settled
  }

  /** An account that is in the ledger was brought back by an old copy: it is due at once. */
  async function condemnReturned(): Promise<number> {
    let count = 0
    for (let page = await store.condemnReturned(clock.now()); page.length > 0; ) {
      for (const accountId of page) await worked(publishGrants(accountId), accountId)
      count += page.length
      page = await store.condemnReturned(clock.now())
    }
    return count
  }

  async function run(ending?: AbortSignal) {
    const returned = await condemnReturned()
    const erased = await eraseDue(ending)
    const settled = await settleErased(ago(settlingMs), ending)
    if (returned + erased + settled > 0) logger.info({ returned, erased, settled }, 'people were erased')
    return { erased, settled }
  }

  async function accountOf(emailOrId: string): Promise<string | null> {
    const address = parseEmailAddress(emailOrId)
    if (address) return accounts.idByEmail(indexer.every(address))
    return isAccountId(emailOrId) ? emailOrId : null
  }

  return {
    run,
    async eraseNow(emailOrId) {
      const accountId = await accountOf(emailOrId)
      if (!accountId || !(await store.condemn(accountId, clock.now()))) return 'unknown'
      // First nothing new can begin, then what there is goes.
      await publishGrants(accountId)
      return (await erase(accountId, operator)) ? 'erased' : 'unknown'
    },
    async *ledger() {
      let after = ''
      for (;;) {
        const page = await store.ledger(after, pageMax)
        if (page.length > 0) yield page
        if (page.length < pageMax) return
        after = page.at(-1)?.accountId ?? after
      }
    },
    async replay(entries) {
      for (let at = 0; at < entries.length; at += pageMax) await store.addToLedger(entries.slice(at, at + pageMax))
      const { erased } = await run()
      // An old copy of another holder's data may hold people whose account is not here.
      await settleErased(clock.now())
      return { entries: entries.length, erasedAgain: erased }
    },
  }
}
