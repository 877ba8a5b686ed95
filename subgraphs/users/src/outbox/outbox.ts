/** The outbox: what a committed change still has to bring about. */
import { type Clock, dayMs, type Entropy, hourMs, newId, secondMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { Mail } from '../mail/mail.ts'

/** By what sessions of an account ended. */
export type SessionsEnded = 'PASSWORD_CHANGED' | 'EMAIL_CHANGED' | 'FACTORS_CHANGED'

/**
 * A mail to be sent, grants that every process must hear of, a person's data to be put together, and the like; or nothing, where that
 * something is to be done must not show.
 */
export type Errand =
  | { readonly kind: 'nothing' }
  /** `about`: the account or the registration it is about; when that is erased, the mail goes with it. */
  | { readonly kind: 'mail'; readonly mail: Mail; readonly about: string }
  /** `ended`: the change that ended sessions, and not the one that it was made with. */
  | { readonly kind: 'grants'; readonly userId: string; readonly ended?: SessionsEnded }
  | { readonly kind: 'data-export'; readonly userId: string; readonly exportId: string }
  /** Keys that may be somebody else's, to be taken back. */
  | { readonly kind: 'key-withdrawal'; readonly userId: string }
  /** Wrong tries on an account whose person has proved that it is theirs. */
  | { readonly kind: 'forgive-sign-in'; readonly userId: string }
  /** Everyone who holds a role that was changed. */
  | { readonly kind: 'role-holders'; readonly role: string }
  /** A suspension that ends by itself, at this moment (RFC 3339). */
  | { readonly kind: 'suspension-end'; readonly userId: string; readonly until: string }

export type ErrandKind = Errand['kind']

/** An errand as it is stored: sealed, because mails carry addresses and tokens. */
export interface OutboxMessage {
  readonly ref: string
  readonly kind: ErrandKind
  /** Whom it is about: it is erased with them. */
  readonly subjectId: string | null
  readonly payload: string
  readonly createdAt: Date
  readonly availableAt: Date
}

interface SealedErrand {
  readonly ref: string
  readonly payload: string
}

export interface Outbox {
  /** Seals an errand for the transaction that makes the change. It is run at once, or not before `availableAt`; `ref` names it for ever. */
  message(errand: Errand, availableAt?: Date, ref?: string): OutboxMessage
  /** Throws when the payload was altered or belongs to another message. */
  errandOf(message: SealedErrand): Errand
  /** The same for a message that is known to be a mail. */
  mailOf(message: SealedErrand): Mail
}

function subjectOf(errand: Errand): string | null {
  if (errand.kind === 'nothing' || errand.kind === 'role-holders') return null
  return errand.kind === 'mail' ? errand.about : errand.userId
}

/** Where an errand is sealed. */
export const errandPlace = (ref: string) => `users.outbox.payload:${ref}`

export interface OutboxDependencies {
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
}

export function createOutbox({ keyring, clock, entropy }: OutboxDependencies): Outbox {
  // Only `message` below seals for this place.
  const errandOf = ({ ref, payload }: SealedErrand) =>
    JSON.parse(keyring.open('data', payload, errandPlace(ref)).toString()) as Errand
  return {
    message(errand, availableAt, ref = newId(entropy, 'out')) {
      const now = clock.now()
      const payload = keyring.seal('data', JSON.stringify(errand), errandPlace(ref))
      return {
        ref,
        kind: errand.kind,
        subjectId: subjectOf(errand),
        payload,
        createdAt: now,
        availableAt: availableAt ?? now,
      }
    },
    errandOf,
    mailOf(message) {
      const errand = errandOf(message)
      if (errand.kind !== 'mail') throw new Error(`${message.ref} is not a mail`)
      return errand.mail
    },
  }
}

/** While one process delivers a message, no other takes it for this long. */
export const leaseMs = 60 * secondMs

/** After this many failed tries a message stays where it is, for an operator to look at: about two days. */
export const attemptsMax = 54

/** How long to wait after the given number of failed tries: 1 s, doubled each time, at most an hour. */
export const retryDelayMs = (attempts: number): number => Math.min(secondMs * 2 ** (attempts - 1), hourMs)

/** What becomes of what a message said once it is delivered. */
export type Afterwards = 'forget' | 'keep'

/** How long it can be seen that a message was delivered. */
export const deliveredKeptMs = 7 * dayMs
