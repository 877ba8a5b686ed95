/** A sign-in that waits: for the second factor after a right password, or for a passkey. */
import { minuteMs } from '@latchkey/clock'
import type { AttemptKey } from '../attempts/attempts.ts'

/** A way to prove who you are besides the password. */
export type SecondFactor = 'PASSKEY' | 'TOTP' | 'RECOVERY_CODE' | 'EMAIL_CODE'

interface Waiting {
  /** MAC of where the request came from and of what it was made with: nobody else can go on with it. */
  readonly client: string
  readonly endsAtMs: number
}

/** After a right password. */
export interface PendingPassword extends Waiting {
  readonly kind: 'password'
  readonly userId: string
  /** The account's session epoch when the password was right. */
  readonly epoch: number
  readonly factors: readonly SecondFactor[]
  /** The tries that are forgotten when the sign-in is complete, and not before. */
  readonly tries: AttemptKey | null
}

/** Before anybody has said who they are. */
export interface PendingPasskey extends Waiting {
  readonly kind: 'passkey'
}

/** Of somebody who is signed in and is asked once more. Its id is that of the session, so there is one. */
export interface PendingStepUp extends Waiting {
  readonly kind: 'step-up'
}

export type Pending = PendingPassword | PendingPasskey | PendingStepUp

/** How long somebody may take. */
export const pendingLifetimeMs = 5 * minuteMs
/** So many wrong factors, and the password has to be typed again. */
export const triesPerPending = 5

const pendingId = /^pen_[0-9A-Za-z]{22}$/

/** Whether it has the form of an id. Anything else waits for nothing. */
export const isPendingId = (text: string): boolean => pendingId.test(text)

/** Whether it can be gone on with, by this client and now. A store may still hold it for a moment after its end. */
export const isOpenTo = (
  { client, endsAtMs }: Pending,
  asking: { readonly client: string; readonly nowMs: number },
): boolean => asking.nowMs < endsAtMs && asking.client === client

/** The methods of a complete sign-in, RFC 8176. A recovery code is a password for one time; a mail is another channel. */
export const methodsOf: Readonly<Record<SecondFactor, readonly string[]>> = {
  PASSKEY: ['pwd', 'hwk', 'user', 'mfa'],
  TOTP: ['pwd', 'otp', 'mfa'],
  RECOVERY_CODE: ['pwd', 'otp', 'mfa'],
  EMAIL_CODE: ['pwd', 'mca', 'mfa'],
}

/** Of a passkey alone: something that is held, and somebody who was verified by it. */
export const passkeyMethods: readonly string[] = ['hwk', 'user', 'mfa']
