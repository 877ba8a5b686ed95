/** Bringing accounts from another system: row by row, as often as one likes. */
import type { Clock } from '@latchkey/clock'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { Administrator } from '../administration/administrator.ts'
import type { Audit } from '../audit/audit.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { OpenedAccounts } from '../invitations/opened-account.ts'
import type { InvitationStore } from '../invitations/store.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { firstRole } from '../roles/role.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { ImportRow, RowFaults } from './import-row.ts'
import { createJudgement, type NumberedLine } from './judgement.ts'
import type { ImportStore, KnownAccount } from './store.ts'

export type ImportOutcome = 'CREATED' | 'UPDATED' | 'UNCHANGED' | 'REFUSED'

export interface RowReport {
  readonly line: number
  readonly outcome: ImportOutcome
  readonly userId: string | null
  readonly faults: RowFaults
}

export type ImportMode = 'DRY_RUN' | 'APPLY'

export interface ImportDependencies {
  readonly store: ImportStore
  readonly invitationStore: Pick<InvitationStore, 'open'>
  readonly book: () => Promise<RoleBook>
  readonly openedAccount: OpenedAccounts
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly grantsTeller: GrantsTeller
}

export interface ImportService {
  /**
   * Imports a few hundred rows at most. A row whose external id is unknown opens an account; another brings name and roles of
   * its account up to date (roles are added, never taken), and leaves address, password and dates as they are. One bad row
   * stops no other. A dry run says the same and writes nothing. Nobody is invited, nobody is written to.
   */
  importBatch(lines: readonly NumberedLine[], mode: ImportMode, by: Administrator): Promise<readonly RowReport[]>
}

/** Rows at work at the same moment. */
const atOnce = 4

type Verdict = Omit<RowReport, 'line'>
const refused = (faults: RowFaults): Verdict => ({ outcome: 'REFUSED', userId: null, faults })

export function createImportService(dependencies: ImportDependencies): ImportService {
  const { store, invitationStore, book, openedAccount, personalData, outbox, audit, clock, grantsTeller } = dependencies

  const judge = createJudgement(dependencies)

  const recordOf = (target: string, outcome: string, by: Administrator) =>
    audit({ action: 'account.import', target, outcome }, by.cause)

  async function create(row: ImportRow, mode: ImportMode, roles: RoleBook, by: Administrator): Promise<Verdict> {
    const { emailVerified, passwordHash: foreignHash, createdAt } = row
    const account = openedAccount(row, { emailVerified, foreignHash, createdAt })
    if (mode === 'DRY_RUN') return { outcome: 'CREATED', userId: null, faults: {} }
    const consequences = { records: [recordOf(account.id, 'created', by)], messages: [], tokens: [] }
    const opened = await invitationStore.open({ stamp: roles.stamp, account, consequences })
    if (opened === 'taken') return refused({ email: 'address or external id were taken just now' })
    if (opened === 'stale') return refused({ row: 'roles were changed meanwhile: import it again' })
    return { outcome: 'CREATED', userId: account.id, faults: {} }
  }

  async function update(
    row: ImportRow,
    known: KnownAccount,
    mode: ImportMode,
    roles: RoleBook,
    by: Administrator,
  ): Promise<Verdict> {
    const userId = known.id
    const personal = personalData.withKey(userId, known.sealedKey)
    const addedRoles = [...new Set([firstRole, ...row.roles])].filter((role) => !known.roles.includes(role))
    const isSameName = personal.open('display_name', known.displayName) === row.displayName
    if (isSameName && addedRoles.length === 0) return { outcome: 'UNCHANGED', userId, faults: {} }
    if (mode === 'DRY_RUN') return { outcome: 'UPDATED', userId, faults: {} }
    const updated = await store.update({
      stamp: roles.stamp,
      accountId: userId,
      displayName: isSameName ? known.displayName : personal.seal('display_name', row.displayName),
      addedRoles,
      at: clock.now(),
      consequences: {
        records: [recordOf(userId, 'updated', by)],
        messages: addedRoles.length > 0 ? [outbox.message({ kind: 'grants', userId })] : [],
        tokens: [],
      },
    })
    if (!updated) return refused({ row: 'roles or the account were changed meanwhile: import it again' })
    if (addedRoles.length > 0) await grantsTeller.tell(userId)
    return { outcome: 'UPDATED', userId, faults: {} }
  }

  return {
    async importBatch(lines, mode, by) {
      const roles = await book()
      const judged = await judge(lines, roles, by)
      const reports: RowReport[] = []
      for (let from = 0; from < judged.length; from += atOnce) {
        const some = judged.slice(from, from + atOnce).map(async (one): Promise<RowReport> => {
          const { line } = one
          if ('faults' in one) return { line, ...refused(one.faults) }
          const { row, known } = one
          return { line, ...(known ? await update(row, known, mode, roles, by) : await create(row, mode, roles, by)) }
        })
        reports.push(...(await Promise.all(some)))
      }
      return reports
    },
  }
}
