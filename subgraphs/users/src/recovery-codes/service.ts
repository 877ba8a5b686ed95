/** What can be done with recovery codes: use one, and make new ones. */
import type { Clock } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Contacts } from '../accounts/contact.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { Notices } from '../notices/notice.ts'
import type { FactorChanges } from '../second-factors/changes.ts'
import { enrolledFactors } from '../second-factors/second-factor.ts'
import type { FactorStore } from '../second-factors/store.ts'
import { possibleRecoveryCodes } from './recovery-code.ts'
import type { RecoveryCodeStore } from './store.ts'

export interface RecoveryCodeDependencies {
  readonly store: RecoveryCodeStore
  readonly factorStore: Pick<FactorStore, 'replaceRecoveryCodes'>
  readonly factorChanges: FactorChanges
  readonly contacts: Contacts
  readonly notices: Notices
  readonly keyring: Keyring
  readonly audit: Audit
  readonly clock: Clock
  readonly wakeOutbox: () => void
}

export interface RecoveryCodeService {
  /** Whether the code is one of the account's, not used before; whoever gets an answer has used it up, and the owner is told. */
  use(accountId: string, typed: string, cause: Cause): Promise<{ readonly sessionEpoch: number } | null>
  /** Ten new codes; the old ones are void. Rejects with CONFLICT where there is no factor that they could stand in for. */
  regenerate(person: UserPrincipal, cause: Cause): Promise<{ readonly recoveryCodes: readonly string[] }>
}

const nothingToRecover = () =>
  new Problem('CONFLICT', 'no second factor', { message: 'Recovery codes come with the first second factor. Add one.' })

export function createRecoveryCodeService(dependencies: RecoveryCodeDependencies): RecoveryCodeService {
  const { store, factorStore, factorChanges, contacts, notices, keyring, audit, clock, wakeOutbox } = dependencies
  return {
    async use(accountId, typed, cause) {
      const macs = possibleRecoveryCodes(keyring, accountId, typed)
      const contact = macs.length > 0 ? await contacts.of(accountId) : null
      if (!contact) return null
      const record = audit({ action: 'recovery-codes.use', target: accountId, outcome: 'used' }, cause)
      const consequences = consequencesOf(notices.about('recovery-code-used', contact), { records: [record] })
      const used = await store.use({ accountId, macs, at: clock.now(), consequences })
      if (used) wakeOutbox()
      return used
    },
    async regenerate(person, cause) {
      const result = await factorChanges.make({
        ...{ person, cause, action: 'recovery-codes.regenerate', notice: 'recovery-codes-regenerated' },
        after: (state) => (enrolledFactors(state).length > 0 ? state : null),
        effect: { recoveryCodes: 'issue', otherSessions: 'keep' },
        write: factorStore.replaceRecoveryCodes,
      })
      if (result.outcome === 'refused' || !result.recoveryCodes) throw nothingToRecover()
      return { recoveryCodes: result.recoveryCodes }
    },
  }
}
