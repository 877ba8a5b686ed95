/** What becomes of the rows of an import, before anything is written: refused, or about a new or a known account. */
import type { Clock } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { type Administrator, requireReach } from '../administration/administrator.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { RoleBook } from '../roles/role-book.ts'
import { type ImportRow, parseRow, type RowFaults } from './import-row.ts'
import type { ImportStore, KnownAccount } from './store.ts'

export interface NumberedLine {
  readonly line: number
  readonly text: string
}

export type Judged =
  | { readonly line: number; readonly faults: RowFaults }
  /** `known`: the account that has the external id. */
  | { readonly line: number; readonly row: ImportRow; readonly known: KnownAccount | null }

export type JudgeRows = (
  lines: readonly NumberedLine[],
  roles: RoleBook,
  by: Administrator,
) => Promise<readonly Judged[]>

interface JudgementDependencies {
  readonly store: ImportStore
  readonly indexer: BlindIndexer
  readonly clock: Clock
}

function faultOfReach(
  row: ImportRow,
  known: KnownAccount | null,
  roles: RoleBook,
  by: Administrator,
): RowFaults | null {
  try {
    requireReach(by, roles.beyondEveryone(roles.scopesOf(row.roles)), 'What the account would hold')
    requireReach(by, roles.beyondEveryone(roles.scopesOf(known?.roles ?? [])), 'The account')
    return null
  } catch (error) {
    if (error instanceof Problem) return { roles: error.message }
    throw error
  }
}

function faultOfNames(known: KnownAccount | null, holderOfAddress: string | null): RowFaults | null {
  if (known?.status === 'deleted') return { row: 'the account is deleted' }
  if (holderOfAddress === (known?.id ?? null)) return null
  return { email: known ? 'is not the address of this account' : 'is taken' }
}

/** Says of each row whether an earlier one is about the same account. */
function createRepetition(): (row: ImportRow) => RowFaults | null {
  const seen = new Set<string>()
  return ({ externalId, address }) => {
    const names = [`external-id:${externalId}`, `email:${address.normalised}`]
    const isRepeated = names.some((name) => seen.has(name))
    for (const name of names) seen.add(name)
    return isRepeated ? { row: 'an earlier row names this account' } : null
  }
}

export function createJudgement({ store, indexer, clock }: JudgementDependencies): JudgeRows {
  /** Whom the rows name, in two statements for all of them. */
  async function lookUp(rows: readonly ImportRow[]) {
    const emails = rows.flatMap(({ address }) => indexer.every(address))
    const externalIds = rows.flatMap(({ externalId }) => indexer.everyOf('external-id', externalId))
    const named = await store.named(emails, externalIds)
    const known = await store.known([...new Set(named.map(({ accountId }) => accountId))])
    const ids = new Map(named.map(({ kind, mac, accountId }) => [`${kind}:${mac}`, accountId]))
    const accounts = new Map(known.map((account) => [account.id, account]))
    const first = (kind: string, macs: readonly { mac: string }[]) =>
      macs.map(({ mac }) => ids.get(`${kind}:${mac}`)).find((id) => id !== undefined) ?? null
    return {
      byAddress: ({ address }: ImportRow) => first('email', indexer.every(address)),
      byExternalId({ externalId }: ImportRow) {
        const id = first('external-id', indexer.everyOf('external-id', externalId))
        return id === null ? null : (accounts.get(id) ?? null)
      },
    }
  }

  return async (lines, roles, by) => {
    const parsed = lines.map(({ line, text }) => ({ line, ...parseRow(text, roles, clock.now()) }))
    const found = await lookUp(parsed.flatMap((one) => ('row' in one ? [one.row] : [])))
    const faultOfRepetition = createRepetition()
    return parsed.map((one) => {
      if ('faults' in one) return one
      const { line, row } = one
      const known = found.byExternalId(row)
      const faults =
        faultOfRepetition(row) ?? faultOfNames(known, found.byAddress(row)) ?? faultOfReach(row, known, roles, by)
      return faults ? { line, faults } : { line, row, known }
    })
  }
}
