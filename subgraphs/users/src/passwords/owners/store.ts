/** Everything that is read of whoever gets a new password. */

/** `email`, `displayName` and `profile` are sealed with the key in `sealedKey`. */
export interface StoredOwner {
  readonly email: string
  readonly displayName: string
  readonly profile: string | null
  readonly sealedKey: string
  /** A confirmed authenticator app or a passkey; none while the address is not confirmed, for a reset takes it away then. */
  readonly hasSecondFactor: boolean
}

export interface OwnerStore {
  byId(accountId: string): Promise<StoredOwner | null>
}
