/** What can be done with codes by mail: switch them on and off, send one, use one. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import type { Keyring } from '@latchkey/secrets'
import type { Contacts } from '../accounts/contact.ts'
import type { Allowances } from '../allowances/allowance.ts'
import type { Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { FactorChanges } from '../second-factors/changes.ts'
import type { FactorStore } from '../second-factors/store.ts'
import {
  type EmailCodePurpose,
  type EmailCodeSubject,
  emailCodeLifetimeMs,
  isReference,
  macOfEmailCode,
  newEmailCode,
  possibleEmailCodes,
  spacedEmailCode,
  triesPerCode,
} from './email-code.ts'
import type { EmailCodeStore } from './store.ts'

export interface EmailCodeDependencies {
  readonly store: EmailCodeStore
  readonly factorStore: Pick<FactorStore, 'switchEmailCodes'>
  readonly factorChanges: FactorChanges
  readonly contacts: Contacts
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly allowances: Allowances
  readonly outbox: Outbox
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly wakeOutbox: () => void
}

export interface EmailCodeService {
  /** From now on a code by mail will do besides the password. The first factor brings recovery codes and ends the other sessions. */
  enable(person: UserPrincipal, cause: Cause): Promise<{ readonly recoveryCodes: readonly string[] | null }>
  disable(person: UserPrincipal, cause: Cause): Promise<{ readonly enabled: false }>
  /** Sends a code for one pending sign-in; the ones before it are void. Three mails an hour to an account, no more (ASVS 6.6.3). */
  send(subject: EmailCodeSubject, purpose: EmailCodePurpose): Promise<{ readonly outcome: 'SENT' | 'NOT_SENT' }>
  /** Whether it is the code that was sent for this sign-in; five tries, and whoever gets an answer has used it up. */
  use(subject: EmailCodeSubject, typed: string): Promise<{ readonly sessionEpoch: number } | null>
}

const letters = { SIGN_IN: 'sign-in-code', STEP_UP: 'step-up-code' } as const

export function createEmailCodeService(dependencies: EmailCodeDependencies): EmailCodeService {
  const { store, factorStore, factorChanges, contacts, outbox, keyring, clock, entropy, wakeOutbox } = dependencies
  const { languageFor, publicUrl, allowances } = dependencies

  const switchTo = (to: 'on' | 'off', person: UserPrincipal, cause: Cause) =>
    factorChanges.make({
      ...{ person, cause },
      action: to === 'on' ? 'email-codes.enable' : 'email-codes.disable',
      notice: to === 'on' ? 'email-codes-enabled' : 'email-codes-disabled',
      after: (state) => (state.emailCodes === (to === 'on') ? null : { ...state, emailCodes: to === 'on' }),
      write: (write) => factorStore.switchEmailCodes(write, to),
    })

  return {
    async enable(person, cause) {
      const result = await switchTo('on', person, cause)
      return { recoveryCodes: result.outcome === 'changed' ? result.recoveryCodes : null }
    },
    async disable(person, cause) {
      await switchTo('off', person, cause)
      return { enabled: false }
    },
    async send(subject, purpose) {
      const contact = isReference(subject.reference) ? await contacts.of(subject.accountId) : null
      if (!contact) return { outcome: 'NOT_SENT' }
      const code = newEmailCode(entropy)
      const recipient = { to: contact.address.written, language: languageFor(contact.locale) }
      const mail = outbox.message({
        kind: 'mail',
        mail: letter(letters[purpose], recipient, { link: publicUrl, facts: { code: spacedEmailCode(code) } }),
        about: subject.accountId,
      })
      const sent = await store.add({
        ...subject,
        mac: macOfEmailCode(keyring, subject, code),
        expiresAt: new Date(clock.now().getTime() + emailCodeLifetimeMs),
        allowances: allowances.ofEmailCodes(subject.accountId),
        consequences: consequencesOf({ messages: [mail] }),
      })
      if (sent) wakeOutbox()
      return { outcome: sent ? 'SENT' : 'NOT_SENT' }
    },
    async use(subject, typed) {
      const macs = isReference(subject.reference) ? possibleEmailCodes(keyring, subject, typed) : []
      return macs.length > 0 ? store.use({ ...subject, macs, at: clock.now(), max: triesPerCode }) : null
    },
  }
}
