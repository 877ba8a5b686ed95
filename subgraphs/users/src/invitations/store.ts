/** Everything that opening accounts for other people needs from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'

/** An account that somebody else opens. Personal texts are sealed; the indexes are those of every key. */
export interface OpenedAccount {
  readonly id: string
  readonly email: string
  readonly emailIndexes: readonly BlindIndex[]
  readonly emailVerifiedAt: Date | null
  readonly displayName: string
  readonly externalId: { readonly sealed: string; readonly indexes: readonly BlindIndex[] } | null
  readonly sealedKey: string
  readonly roles: readonly string[]
  /** What another system kept of a password; `null`: there is none. */
  readonly foreignHash: string | null
  readonly createdAt: Date
  readonly openedAt: Date
}

export interface Opening {
  /** The roles are given while the role book is still this one. */
  readonly stamp: string
  readonly account: OpenedAccount
  readonly consequences: Consequences
}

export interface Invited {
  /** Whether somebody can sign in to it, or has been able to. */
  readonly state: 'open' | 'accepted' | 'inactive'
}

export interface Resending {
  readonly accountId: string
  readonly now: Date
  /** Not sent when so many were sent since. */
  readonly since: Date
  readonly max: number
  readonly consequences: Consequences
}

export interface InvitationStore {
  /** All of it or nothing. `taken`: address or external id belong to another account. `stale`: the role book has changed. */
  open(opening: Opening): Promise<'opened' | 'taken' | 'stale'>
  /** `null`: no such account. */
  invited(accountId: string): Promise<Invited | null>
  /** Earlier invitations are void from then on. `false`: so many were sent already, or it was accepted meanwhile. */
  resend(resending: Resending): Promise<boolean>
  idByExternalId(indexes: readonly BlindIndex[]): Promise<string | null>
}
