/** Pending sign-ins: begun for one client, gone on with by it alone, complete once. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { clientNetwork } from '@latchkey/subgraph/network'
import {
  identifierPlace,
  isOpenTo,
  isPendingId,
  type Pending,
  type PendingHalf,
  type PendingMail,
  type PendingPasskey,
  pendingLifetimeMs,
  pendingMailLifetimeMs,
  triesPerPending,
} from './pending.ts'
import type { PendingStore } from './store.ts'

/** Where a request came from, as far as that is known. */
export interface Origin {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  /** The languages that it asks for (`Accept-Language`): those of the mails that it causes. */
  readonly languages?: string | undefined
  /** As it was sent; `devices/` says what it is worth. */
  readonly deviceToken?: string | undefined
  /** The refresh token that came as a cookie. */
  readonly refreshToken?: string | undefined
}

interface PendingDependencies {
  readonly store: PendingStore
  readonly keyring: Pick<Keyring, 'mac' | 'macWith' | 'keyIds' | 'seal' | 'open'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface Pendings extends Omit<PendingStore, 'add' | 'byId'> {
  /** After a first factor that was right. Answers the id. */
  beginHalf(proved: Omit<PendingHalf, 'kind' | 'client' | 'endsAtMs'>, origin: Origin): Promise<string>
  /** For ten minutes, for an address as it was typed. Answers the id. */
  beginMail(asked: { readonly reference: string; readonly identifier: string }, origin: Origin): Promise<string>
  /** The address that a mail was asked for. */
  identifierOf(id: string, pending: PendingMail): string
  /** With a new challenge, for whomever. */
  beginPasskey(
    wished: Pick<PendingPasskey, 'lasting'>,
    origin: Origin,
  ): Promise<{ readonly id: string; readonly challenge: string }>
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
  const clientText = ({ address, userAgent = '' }: Origin) => `client ${clientNetwork(address)} ${userAgent}`
  const clientOf = (origin: Origin) => keyring.mac('identifier', clientText(origin)).mac.toString('base64url')
  /** Under every version: a rotation may have come between the beginning and what follows. */
  const clientsOf = (origin: Origin) =>
    keyring
      .keyIds('identifier')
      .map((id) => keyring.macWith('identifier', id, clientText(origin))?.toString('base64url') ?? '')
  const newChallenge = () => Buffer.from(entropy.bytes(challengeBytes)).toString('base64url')
  const waiting = (origin: Origin, lifetimeMs = pendingLifetimeMs) => ({
    client: clientOf(origin),
    endsAtMs: nowMs() + lifetimeMs,
  })
  const terms = { tries: triesPerPending, lifetimeMs: pendingLifetimeMs }

  return {
    ...store,
    newChallenge,
    async beginHalf(proved, origin) {
      const id = newId(entropy, 'pen')
      await store.add(id, { ...proved, ...waiting(origin), kind: 'half' }, terms)
      return id
    },
    async beginMail({ reference, identifier }, origin) {
      const id = newId(entropy, 'pen')
      const sealedIdentifier = keyring.seal('data', identifier, identifierPlace(id))
      const asked = { ...waiting(origin, pendingMailLifetimeMs), reference, sealedIdentifier }
      await store.add(id, { ...asked, kind: 'mail' }, { ...terms, lifetimeMs: pendingMailLifetimeMs })
      return id
    },
    identifierOf: (id, { sealedIdentifier }) => keyring.open('data', sealedIdentifier, identifierPlace(id)).toString(),
    async beginPasskey(wished, origin) {
      const id = newId(entropy, 'pen')
      const challenge = newChallenge()
      await store.add(id, { ...wished, ...waiting(origin), kind: 'passkey' }, { ...terms, challenge })
      return { id, challenge }
    },
    async beginStepUp(sessionId, origin) {
      const challenge = newChallenge()
      await store.add(sessionId, { ...waiting(origin), kind: 'step-up' }, { ...terms, challenge })
      return challenge
    },
    async find<Kind extends Pending['kind']>(id: string, kind: Kind, origin: Origin) {
      const pending = isPendingId(id) ? await store.byId(id) : null
      if (pending?.kind !== kind || !isOpenTo(pending, { clients: clientsOf(origin), nowMs: nowMs() })) return null
      // Its kind was compared on the line before.
      return pending as Extract<Pending, { kind: Kind }>
    },
  }
}
