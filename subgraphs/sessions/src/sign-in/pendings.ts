/** Pending sign-ins: begun for one client, gone on with by it alone, complete once. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { clientNetwork } from '@latchkey/subgraph/network'
import {
  isOpenTo,
  isPendingId,
  type Pending,
  type PendingPassword,
  pendingLifetimeMs,
  triesPerPending,
} from './pending.ts'
import type { PendingStore } from './store.ts'

/** Where a request came from, as far as that is known. */
export interface Origin {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  /** As it was sent; `devices/` says what it is worth. */
  readonly deviceToken?: string | undefined
}

interface PendingDependencies {
  readonly store: PendingStore
  readonly keyring: Pick<Keyring, 'mac'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface Pendings extends Omit<PendingStore, 'add' | 'byId'> {
  /** After a right password. Answers the id. */
  beginPassword(proved: Omit<PendingPassword, 'kind' | 'client' | 'endsAtMs'>, origin: Origin): Promise<string>
  /** With a new challenge, for whomever. */
  beginPasskey(origin: Origin): Promise<{ readonly id: string; readonly challenge: string }>
  /** The challenge of a session's step-up, in place of an earlier one; `takeChallenge` finds it under the session's id. */
  beginStepUp(sessionId: string, origin: Origin): Promise<string>
  /** `null` when there is none of this kind, or not for this client, or not any more: nobody learns which. */
  find<Kind extends Pending['kind']>(
    id: string,
    kind: Kind,
    origin: Origin,
  ): Promise<Extract<Pending, { kind: Kind }> | null>
  /** 256 random bits, base64url (ASVS 6.7.2). */
  newChallenge(): string
}

const challengeBytes = 32

export function createPendings({ store, keyring, clock, entropy }: PendingDependencies): Pendings {
  const nowMs = () => clock.now().getTime()
  const clientOf = ({ address, userAgent = '' }: Origin) =>
    keyring.mac('identifier', `client ${clientNetwork(address)} ${userAgent}`).mac.toString('base64url')
  const newChallenge = () => Buffer.from(entropy.bytes(challengeBytes)).toString('base64url')
  const waiting = (origin: Origin) => ({ client: clientOf(origin), endsAtMs: nowMs() + pendingLifetimeMs })
  const terms = { tries: triesPerPending, lifetimeMs: pendingLifetimeMs }

  return {
    ...store,
    newChallenge,
    async beginPassword(proved, origin) {
      const id = newId(entropy, 'pen')
      await store.add(id, { ...proved, ...waiting(origin), kind: 'password' }, terms)
      return id
    },
    async beginPasskey(origin) {
      const id = newId(entropy, 'pen')
      const challenge = newChallenge()
      await store.add(id, { ...waiting(origin), kind: 'passkey' }, { ...terms, challenge })
      return { id, challenge }
    },
    async beginStepUp(sessionId, origin) {
      const challenge = newChallenge()
      await store.add(sessionId, { ...waiting(origin), kind: 'step-up' }, { ...terms, challenge })
      return challenge
    },
    async find<Kind extends Pending['kind']>(id: string, kind: Kind, origin: Origin) {
      const pending = isPendingId(id) ? await store.byId(id) : null
      if (pending?.kind !== kind || !isOpenTo(pending, { client: clientOf(origin), nowMs: nowMs() })) return null
      // Its kind was compared on the line before.
      return pending as Extract<Pending, { kind: Kind }>
    },
  }
}
