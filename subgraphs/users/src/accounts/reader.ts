/** Reads accounts for one operation: each account once, when a permitted field asks, opening only what is asked for. */
import { isServiceAccount } from '@latchkey/principal/owner-kind'
import { Problem } from '@latchkey/problem'
import { isAccountId, type StoredAccount } from './account.ts'
import type { PersonalColumn, PersonalData } from './personal-data.ts'
import type { AccountStore } from './store.ts'

/** Each rejects with NOT_FOUND when there is no such account. */
export interface AccountReader {
  /** That the account exists. */
  find(id: string): Promise<{ readonly id: string }>
  /** `null`: a service account has none. */
  email(id: string): Promise<string | null>
  displayName(id: string): Promise<string>
  /** `null` where there is no address. */
  emailVerified(id: string): Promise<boolean | null>
  createdAt(id: string): Promise<Date>
  roles(id: string): Promise<readonly string[]>
}

interface ReaderDependencies {
  readonly store: AccountStore
  readonly personalData: PersonalData
}

export function createAccountReader({ store, personalData }: ReaderDependencies): AccountReader {
  const asked = new Map<string, Promise<StoredAccount | null>>()

  function read(id: string): Promise<StoredAccount | null> {
    const reading = isAccountId(id) ? store.byId(id) : Promise.resolve(null)
    asked.set(id, reading)
    return reading
  }

  async function account(id: string): Promise<StoredAccount> {
    const found = await (asked.get(id) ?? read(id))
    if (!found) throw new Problem('NOT_FOUND', 'no such account')
    return found
  }

  async function opened(id: string, column: PersonalColumn, sealedIn: (stored: StoredAccount) => string) {
    const stored = await account(id)
    return personalData.withKey(id, stored.sealedKey).open(column, sealedIn(stored))
  }

  return {
    async find(id) {
      await account(id)
      return { id }
    },
    email: async (id) => (await opened(id, 'email', ({ email }) => email)) || null,
    displayName: (id) => opened(id, 'display_name', ({ displayName }) => displayName),
    emailVerified: async (id) => (isServiceAccount(id) ? null : (await account(id)).emailVerified),
    createdAt: async (id) => new Date((await account(id)).createdAtMs),
    async roles(id) {
      const names = isAccountId(id) ? await store.rolesOf(id) : []
      if (names.length === 0) await account(id)
      return names
    },
  }
}
