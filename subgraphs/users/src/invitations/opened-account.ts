/** Makes the account that somebody else opens: its id, its key, and everything personal sealed with it. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { EmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { firstRole } from '../roles/role.ts'
import type { OpenedAccount } from './store.ts'

export interface Newcomer {
  readonly address: EmailAddress
  readonly displayName: string
  readonly externalId: string | null
  /** Besides the one that every account holds. */
  readonly roles: readonly string[]
}

/** What an import knows besides. */
export interface Past {
  readonly emailVerified: boolean
  readonly foreignHash: string | null
  readonly createdAt: Date | null
}

export type OpenedAccounts = (newcomer: Newcomer, past?: Past) => OpenedAccount

interface OpenedAccountDependencies {
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly clock: Clock
  readonly entropy: Entropy
}

const nothingPast: Past = { emailVerified: false, foreignHash: null, createdAt: null }

export const createOpenedAccounts =
  ({ personalData, indexer, clock, entropy }: OpenedAccountDependencies): OpenedAccounts =>
  ({ address, displayName, externalId, roles }, past = nothingPast) => {
    const id = newId(entropy, 'usr')
    const { sealedKey, personal } = personalData.newKey(id)
    const openedAt = clock.now()
    return {
      id,
      sealedKey,
      openedAt,
      createdAt: past.createdAt ?? openedAt,
      email: personal.seal('email', address.written),
      emailIndexes: indexer.every(address),
      emailVerifiedAt: past.emailVerified ? openedAt : null,
      displayName: personal.seal('display_name', displayName),
      externalId: externalId
        ? { sealed: personal.seal('external_id', externalId), indexes: indexer.everyOf('external-id', externalId) }
        : null,
      roles: [...new Set([firstRole, ...roles])],
      foreignHash: past.foreignHash,
    }
  }
