/** How many rows stand under which version, over all subgraphs. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { KeyringRoll } from '@latchkey/principal/keyring-roll'
import type { RowsOfVersion, SecretVersions } from '@latchkey/secret-versions'
import { keyringStandings } from '@latchkey/secrets/file'
import type { KeyManagement } from '@latchkey/secrets/kms'

export interface SecretsDependencies {
  /** Where the keyring is. */
  readonly keyringFile: () => string
  readonly holders: readonly { readonly secretVersions: SecretVersions }[]
  /** What processes say that they hold; `null`: there is one process, and it is this one. */
  readonly roll: KeyringRoll | null
  readonly clock: Clock
  readonly entropy: Entropy
  /** Who unwraps the keyring; `null`: it is a plain file. */
  readonly kms: KeyManagement | null
  /** How long a session may last: for so long somebody may come with a refresh token of before. */
  readonly sessionLifetimeMs: number
}

export const countOf = ({ column, rows, needed }: RowsOfVersion) =>
  needed === rows ? `${column} ${rows}` : `${column} ${rows}, of which ${needed} need it`

export const countsOf = async ({ holders }: SecretsDependencies): Promise<readonly RowsOfVersion[]> => {
  const all: RowsOfVersion[] = []
  for (const { secretVersions } of holders) all.push(...(await secretVersions.counts()))
  return all
}

/** The versions of every kind that the keyring holds at this moment. */
export const standingsNow = ({ keyringFile, clock, kms }: SecretsDependencies) =>
  keyringStandings(keyringFile(), { now: clock.now(), kms })
