/** Reads what administrators see of accounts. Questions of one turn share a statement. */
import { Problem } from '@latchkey/problem'
import { isAccountId } from '../accounts/account.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import { statusAt } from './standing.ts'
import type { AdministeredAccount, AdministrationStore } from './store.ts'

/** Each rejects with NOT_FOUND when there is no such account. */
export interface AdministeredReader {
  of(id: string): Promise<AdministeredAccount>
  /** As the schema names it. */
  status(id: string, at: Date): Promise<string>
  /** `null`: it is not suspended. */
  suspension(
    id: string,
    at: Date,
  ): Promise<{
    readonly reason: string | null
    readonly since: Date | null
    readonly until: Date | null
    readonly by: string | null
  } | null>
  externalId(id: string): Promise<string | null>
  deletionReason(id: string): Promise<string | null>
}

interface ReaderDependencies {
  readonly store: Pick<AdministrationStore, 'byId'>
  readonly personalData: PersonalData
}

export function createAdministeredReader({ store, personalData }: ReaderDependencies): AdministeredReader {
  async function of(id: string): Promise<AdministeredAccount> {
    const account = isAccountId(id) ? await store.byId(id) : null
    if (!account) throw new Problem('NOT_FOUND', 'no such account')
    return account
  }

  const reasonOf = ({ id, sealedKey, suspendedReason }: AdministeredAccount) =>
    suspendedReason && personalData.withKey(id, sealedKey).open('suspended_reason', suspendedReason)

  return {
    of,
    status: async (id, at) => statusAt(await of(id), at).toUpperCase(),
    async suspension(id, at) {
      const account = await of(id)
      if (statusAt(account, at) !== 'suspended') return null
      const { suspendedAt: since, suspendedUntil: until, suspendedBy: by } = account
      return { reason: reasonOf(account), since, until, by }
    },
    async externalId(id) {
      const { sealedKey, externalId } = await of(id)
      return externalId && personalData.withKey(id, sealedKey).open('external_id', externalId)
    },
    async deletionReason(id) {
      const account = await of(id)
      return account.status === 'deleted' ? reasonOf(account) : null
    },
  }
}
