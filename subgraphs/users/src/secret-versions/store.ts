/** What moving registrations to the newest blind index needs from storage. */
import type { BlindIndex } from '../identifiers/blind-index.ts'

export interface WaitingRegistration {
  readonly id: string
  /** Sealed. */
  readonly personal: string
}

export interface MovedRegistration extends BlindIndex {
  readonly id: string
}

export interface RegistrationIndexStore {
  /** Registrations that are named by another version, after the given one, in order. */
  named(asked: {
    readonly keyId: string
    readonly after: string
    readonly max: number
  }): Promise<readonly WaitingRegistration[]>
  /** Names them, and what was mailed about them, by another index of the same address. Answers how many. */
  rename(registrations: readonly MovedRegistration[]): Promise<number>
}
