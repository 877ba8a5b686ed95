/** What Sessions sees and the owner of an account is told: a device that is new (ASVS 6.3.5), a token that came back. */
import { isAccountId } from '../accounts/account.ts'
import type { Contacts } from '../accounts/contact.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { type Consequences, consequencesOf } from '../consequences/consequences.ts'
import type { Notices } from './notice.ts'

export interface NewDeviceDependencies {
  /** Writes them when the account is active; tells whether it was. */
  readonly write: (accountId: string, consequences: Consequences) => Promise<boolean>
  readonly contacts: Contacts
  readonly notices: Notices
  readonly audit: Audit
  readonly wakeOutbox: () => void
}

/** What is put on record of it. */
const actions = { 'new-device': 'sign-in.new-device', 'token-reused': 'session.token-reused' } as const

export interface NewDevices {
  /** Puts it on record and sends the notice; device and place are those of the cause. */
  note(what: keyof typeof actions, userId: string, cause: Cause): Promise<{ readonly outcome: 'NOTED' | 'NOT_NOTED' }>
}

export const createNewDevices = ({
  write,
  contacts,
  notices,
  audit,
  wakeOutbox,
}: NewDeviceDependencies): NewDevices => ({
  async note(what, userId, cause) {
    const contact = isAccountId(userId) ? await contacts.of(userId) : null
    if (!contact) return { outcome: 'NOT_NOTED' }
    const record = audit({ action: actions[what], target: userId, outcome: 'noted' }, cause)
    const noted = await write(userId, consequencesOf({ records: [record] }, notices.about(what, contact)))
    if (noted) wakeOutbox()
    return { outcome: noted ? 'NOTED' : 'NOT_NOTED' }
  },
})
