/** A sign-in that waits: for a second factor after a first one, for a passkey, or for the code from a mail. */
import { minuteMs } from '@latchkey/clock'
import type { Reservation } from '../attempts/service.ts'
import type { Lasting } from '../sessions/session.ts'
import type { DeviceTrust } from './trusted-devices.ts'

/** What was right first, as RFC 8176 has it: the password, or a mail, which is another channel. */
export type FirstMethod = 'pwd' | 'mca'

/** A way to prove who you are besides it. */
export type SecondFactor = 'PASSKEY' | 'TOTP' | 'RECOVERY_CODE' | 'EMAIL_CODE'

interface Waiting {
  /** MAC of where the request came from and of what it was made with: nobody else can go on with it. */
  readonly client: string
  readonly endsAtMs: number
}

/** After a first factor that was right. */
export interface PendingHalf extends Waiting {
  readonly kind: 'half'
  /** What was wished for when it began. */
  readonly lasting: Lasting
  readonly first: FirstMethod
  readonly userId: string
  /** The account's session epoch when it was right. */
  readonly epoch: number
  readonly factors: readonly SecondFactor[]
  /** Of the device. Absent: it was said, or nobody was asked. */
  readonly trust?: Extract<DeviceTrust, 'not known'>
  /** The tries that are settled when the sign-in is complete, and not before. */
  readonly tries: readonly Reservation[]
}

/** Before anybody has said who they are. */
export interface PendingPasskey extends Waiting {
  readonly kind: 'passkey'
  /** What was wished for when it began. */
  readonly lasting: Lasting
}

/** A mail was asked for; whether one was sent is not known here. */
export interface PendingMail extends Waiting {
  readonly kind: 'mail'
  /** What Users knows the mail by. */
  readonly reference: string
  /** The address as it was typed, sealed: the record of the sign-in names it. */
  readonly sealedIdentifier: string
}

/** Of somebody who is signed in and is asked once more. Its id is that of the session, so there is one. */
export interface PendingStepUp extends Waiting {
  readonly kind: 'step-up'
}

export type Pending = PendingHalf | PendingPasskey | PendingMail | PendingStepUp

/** How long somebody may take. */
export const pendingLifetimeMs = 5 * minuteMs
/** How long the code from a mail is good for (ASVS 6.5.5). */
export const pendingMailLifetimeMs = 10 * minuteMs
/** So many wrong factors, and the first one has to be shown again. */
export const triesPerPending = 5

const pendingId = /^pen_[0-9A-Za-z]{22}$/

/** Whether it has the form of an id. Anything else waits for nothing. */
export const isPendingId = (text: string): boolean => pendingId.test(text)

/** Whether it can be gone on with, by this client and now. A store may still hold it for a moment after its end. */
export const isOpenTo = (
  { client, endsAtMs }: Pending,
  asking: { readonly clients: readonly string[]; readonly nowMs: number },
): boolean => asking.nowMs < endsAtMs && asking.clients.includes(client)

/** Where a sealed identifier is sealed: it opens in no other sign-in. */
export const identifierPlace = (id: string): string => `sessions.pending.identifier:${id}`

/** The methods of a second factor, RFC 8176. A recovery code is a password for one time; a mail is another channel. */
export const secondMethods: Readonly<Record<SecondFactor, readonly string[]>> = {
  PASSKEY: ['hwk', 'user', 'mfa'],
  TOTP: ['otp', 'mfa'],
  RECOVERY_CODE: ['otp', 'mfa'],
  EMAIL_CODE: ['mca', 'mfa'],
}

/** Of a complete sign-in. */
export const methodsOf = (first: FirstMethod, second: SecondFactor): readonly string[] => [
  first,
  ...secondMethods[second],
]

/**
 * What is asked for after a mail: not another one. Null when the account asks for a second factor and has nothing but mails:
 * who reads them has proved one thing and has no other.
 */
export function factorsBesidesMail(factors: readonly SecondFactor[]): readonly SecondFactor[] | null {
  const others = factors.filter((factor) => factor !== 'EMAIL_CODE')
  return factors.length > 0 && others.length === 0 ? null : others
}

/** Of a passkey alone: something that is held, and somebody who was verified by it. */
export const passkeyMethods: readonly string[] = ['hwk', 'user', 'mfa']
