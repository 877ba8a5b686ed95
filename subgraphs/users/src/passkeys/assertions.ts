/** Passkeys as a proof: asked for by the sessions service, which made the challenge and lets it count once. */
import type { Clock } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import { isAccountId } from '../accounts/account.ts'
import type { Contacts } from '../accounts/contact.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { Notices } from '../notices/notice.ts'
import type { PasskeyStore, PasskeyUse } from './store.ts'
import { parseAssertion, type WebAuthn } from './web-authn.ts'

export interface AssertionDependencies {
  readonly store: PasskeyStore
  readonly webAuthn: WebAuthn
  readonly contacts: Contacts
  readonly notices: Notices
  readonly audit: Audit
  readonly clock: Clock
  readonly logger: Logger
  readonly wakeOutbox: () => void
}

export interface PasskeyProof {
  readonly challenge: string
  /** JSON, as the browser gave it. */
  readonly response: string
}

export interface ProvedByPasskey {
  readonly userId: string
  readonly sessionEpoch: number
}

export interface PasskeyAssertions {
  /** What `navigator.credentials.get` takes: with an account its passkeys are named, without one the authenticator names them. */
  optionsFor(challenge: string, accountId: string | null): Promise<string>
  /**
   * Whose passkey answered the challenge, with its user verified; of the given account only, where one is given. A count that
   * has not grown is refused, stamps the passkey for good and is told to the owner: a copy of it may exist.
   */
  use(proof: PasskeyProof, accountId: string | null, cause: Cause): Promise<ProvedByPasskey | null>
}

/** 128 bits at least (ASVS 6.7.2 asks for 64), and no more than our own are. */
const isChallenge = (text: string) => /^[\w-]{22,64}$/.test(text)

export function createPasskeyAssertions(dependencies: AssertionDependencies): PasskeyAssertions {
  const { store, webAuthn, contacts, notices, audit, clock, logger, wakeOutbox } = dependencies

  async function alarm(use: PasskeyUse, cause: Cause): Promise<void> {
    const { accountId } = use
    const contact = await contacts.of(accountId)
    if (!contact) return
    const record = audit({ action: 'passkey.alarm', target: accountId, outcome: 'sign-count' }, cause)
    const consequences = consequencesOf(notices.about('passkey-alarm', contact), { records: [record] })
    if (!(await store.alarm({ ...use, consequences }))) return
    logger.warn({ accountId }, 'the sign count of a passkey has not grown: a copy of it may exist')
    wakeOutbox()
  }

  return {
    async optionsFor(challenge, accountId) {
      const known = accountId && isAccountId(accountId) ? await store.ofAccount(accountId) : []
      return webAuthn.requestOptions(challenge, known)
    },

    async use({ challenge, response }, askedId, cause) {
      const shown = isChallenge(challenge) ? parseAssertion(response) : null
      const key = shown && (await store.key(shown.credentialId))
      if (!shown || !key) return null
      const { accountId } = key
      if (askedId !== null && accountId !== askedId) return null
      // A discoverable credential says whose it is; as a second factor it may leave that out.
      if (shown.userHandle !== accountId && !(shown.userHandle === null && askedId !== null)) return null
      const assertion = await webAuthn.verifyAssertion(shown, challenge, key)
      if (!assertion) return null
      const use = { accountId, id: key.id, assertion, at: clock.now() }
      const used = await store.use(use)
      if (!used) await alarm(use, cause)
      return used && { userId: accountId, sessionEpoch: used.sessionEpoch }
    },
  }
}
