/** What another system made its HMACs with: kept once, sealed. */

/** Where the sealed secret belongs, so that it cannot be moved to another row. */
export const foreignSecretPlace = (id: string): string => `api_keys.foreign_secrets.sealed ${id}`

export interface ForeignSecret {
  readonly id: string
  readonly sealed: string
}
