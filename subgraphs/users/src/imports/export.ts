/** Taking accounts to another system: the rows that an import takes, one line each. */
import type { PersonalData } from '../accounts/personal-data.ts'
import type { ExportedAccount, ImportStore } from './store.ts'

export interface ExportDependencies {
  readonly store: Pick<ImportStore, 'exported'>
  readonly personalData: PersonalData
}

export type HashChoice = 'with-hashes' | 'without-hashes'

const accountsPerRead = 500

/**
 * Every active account of a person: one that is suspended here must not be active elsewhere. An account without an external id is called
 * by its own id. Of password hashes only those that another system made can leave, for ours are nothing without the pepper.
 */
export function createExport({ store, personalData }: ExportDependencies) {
  function lineOf({ id, sealedKey, ...account }: ExportedAccount, hashes: HashChoice): string {
    const personal = personalData.withKey(id, sealedKey)
    const { externalId, foreignHash } = account
    return JSON.stringify({
      externalId: externalId ? personal.open('external_id', externalId) : id,
      email: personal.open('email', account.email),
      emailVerified: account.emailVerified,
      displayName: personal.open('display_name', account.displayName),
      ...(hashes === 'with-hashes' && foreignHash ? { passwordHash: foreignHash } : {}),
      roles: account.roles,
      createdAt: account.createdAt.toISOString(),
    })
  }

  return async function* lines(hashes: HashChoice): AsyncGenerator<string> {
    let page: readonly ExportedAccount[]
    let after = ''
    do {
      page = await store.exported({ after, max: accountsPerRead })
      for (const account of page) yield lineOf(account, hashes)
      after = page.at(-1)?.id ?? after
    } while (page.length === accountsPerRead)
  }
}
