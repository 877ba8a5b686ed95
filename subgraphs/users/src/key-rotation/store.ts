/** Everything the rotation of keys needs from storage. */
import type { IdentifierKind } from '../identifiers/blind-index.ts'

/** An account that has an identifier without a row for the newest key. What it is found by is sealed. */
export interface LackingAccount {
  readonly id: string
  readonly sealedKey: string
  readonly email: string
  readonly username: string | null
  readonly externalId: string | null
  /** The kinds that lack it. */
  readonly kinds: readonly IdentifierKind[]
}

/** The same identifier under a key that its account is kept with, and under the newest one. */
export interface IdentifierPair {
  readonly kind: IdentifierKind
  readonly accountId: string
  readonly knownKeyId: string
  readonly knownMac: string
  readonly keyId: string
  readonly mac: string
}

export interface SealedDataKey {
  readonly accountId: string
  readonly sealedKey: string
}

export interface RowsOfKey {
  readonly keyId: string
  readonly rows: number
}

export interface KeyRotationStore {
  /** How many identifiers are kept under each key of the blind index. */
  identifiersByKey(): Promise<readonly RowsOfKey[]>
  lacking(asked: {
    readonly keyId: string
    readonly after: string
    readonly max: number
  }): Promise<readonly LackingAccount[]>
  /** Adds rows, each only while its account is still kept with the known one. Answers how many. */
  addIdentifiers(pairs: readonly IdentifierPair[]): Promise<number>
  /**
   * Names by the newest key the address that a token went to, where an account has it: so what was mailed, to confirm an address
   * too, is still good when the older key is gone. Answers how many.
   */
  moveTokens(asked: { readonly keyId: string; readonly max: number }): Promise<number>
  /** Removes rows of a key whose identifier stands under the newer one too. Answers how many. */
  removeIdentifiers(asked: {
    readonly keyId: string
    readonly newerKeyId: string
    readonly max: number
  }): Promise<number>
  /** How many data keys are sealed under each version. */
  dataKeysByVersion(): Promise<readonly RowsOfKey[]>
  /** Data keys that are sealed under another version, after the given account, in order. */
  sealedOtherwise(asked: {
    readonly keyId: string
    readonly after: string
    readonly max: number
  }): Promise<readonly SealedDataKey[]>
  /** Replaces each sealed text that is still the known one. Answers how many. */
  replaceDataKeys(replaced: readonly (SealedDataKey & { readonly resealed: string })[]): Promise<number>
}
