/** What Users asks of Sessions about a person: everything that is held, and to hold nothing any more. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { Occasion } from '../ledger/ledger.ts'
import { addressPlace } from '../login-attempts/login-attempt.ts'
import type { SessionStore } from '../sessions/store.ts'
import type { Unlocking } from '../unlocking/service.ts'
import type { KeptAttempt, PersonStore } from './store.ts'

interface PrivacyDependencies {
  readonly store: PersonStore
  readonly sessions: Pick<SessionStore, 'ofUser' | 'forgetUser'>
  readonly unlocking: Pick<Unlocking, 'drop'>
  readonly keyring: Pick<Keyring, 'open'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface Privacy {
  /** JSON: live sessions and attempts to sign in, each list newest first and bounded. */
  personalData(userId: string): Promise<{ readonly holder: string; readonly document: string }>
  /** Forgets sessions, refresh state, attempts and what is counted of them. Doing it again forgets nothing more. Rejects with UNAVAILABLE. */
  eraseUser(
    userId: string,
    occasion: Occasion,
  ): Promise<{ readonly holder: string; readonly userId: string; readonly forgotten: number }>
}

const holder = 'sessions'
const sessionsMax = 1_000
const attemptsMax = 10_000

/** Whether it has the form of a user's id, as Users writes them. Of anything else nothing is held. */
const isUserId = (text: string): boolean => /^[\w-]{1,64}$/.test(text)

/** `null` also when the key it was sealed with is gone from the keyring: then nobody holds the address any more. */
function addressIn(keyring: Pick<Keyring, 'open'>, id: string, sealed: KeptAttempt['sealedAddress']): string | null {
  try {
    return sealed && keyring.open('data', sealed, addressPlace(id)).toString()
  } catch {
    return null
  }
}

const iso = (ms: number) => new Date(ms).toISOString()

export const createPrivacy = ({
  store,
  sessions,
  unlocking,
  keyring,
  clock,
  entropy,
}: PrivacyDependencies): Privacy => ({
  async personalData(userId) {
    const known = isUserId(userId)
    const [live, attempts] = known
      ? await Promise.all([sessions.ofUser(userId, sessionsMax), store.attemptsOf(userId, attemptsMax)])
      : [[], []]
    const shown = live.map((session) => {
      const { sessionId: id, device, amr, acr, network = null, lastNetwork = null } = session
      const times = { createdAt: iso(session.createdAtMs), lastSeenAt: iso(session.lastSeenAtMs) }
      return { id, device, network, lastNetwork, amr, acr, ...times }
    })
    const tried = attempts.map(({ sealedAddress, ...attempt }) => ({
      ...attempt,
      address: addressIn(keyring, attempt.id, sealedAddress),
    }))
    return { holder, document: JSON.stringify({ sessions: shown, signInAttempts: tried }) }
  },
  async eraseUser(userId, occasion) {
    if (!isUserId(userId)) return { holder, userId, forgotten: 0 }
    const ended = await sessions.forgetUser(userId)
    await unlocking.drop(userId)
    const entry = { id: newId(entropy, 'aud'), at: clock.now(), userId, forgotten: ended, occasion }
    return { holder, userId, forgotten: ended + (await store.forgetAttempts(entry)) }
  },
})
