/** What Users itself holds of a person, part by part. A feature that keeps something more adds its part to the list. */
import type { PersonalColumn, PersonalData, PersonalSeal } from '../accounts/personal-data.ts'
import type { Contributor } from './data-export.ts'

/** The row of an account as it is stored: some columns sealed. */
export interface HeldAccount {
  readonly sealed: Readonly<Record<PersonalColumn, string | null>>
  readonly plain: Readonly<Record<string, unknown>>
  readonly sealedKey: string
}

export interface HeldFactors {
  readonly authenticatorApp: unknown
  readonly emailCodes: boolean
  readonly recoveryCodes: unknown
  readonly passkeys: readonly { readonly id: string; readonly name: string }[]
  readonly sealedKey: string
}

/** Everything the parts read. Absence is `null`. */
export interface HeldStore {
  account(accountId: string): Promise<HeldAccount | null>
  roles(accountId: string): Promise<readonly unknown[]>
  factors(accountId: string): Promise<HeldFactors | null>
  trustedDevices(accountId: string): Promise<readonly unknown[]>
  /** What was done to the account, newest first. */
  events(accountId: string, max: number): Promise<readonly unknown[]>
}

const eventsMax = 10_000

/** Profile and metadata are JSON; the other columns are text that is shown as it is. */
function opened(column: PersonalColumn, text: string): unknown {
  return column === 'profile' || column.endsWith('_metadata') ? JSON.parse(text) : text
}

function openColumns({ sealed }: HeldAccount, personal: PersonalSeal): Record<string, unknown> {
  const columns = Object.entries(sealed) as [PersonalColumn, string | null][]
  return Object.fromEntries(
    columns.map(([column, text]) => [column, text === null ? null : opened(column, personal.open(column, text))]),
  )
}

export function ownContributors(store: HeldStore, personalData: PersonalData): readonly Contributor[] {
  return [
    {
      name: 'account',
      async of(accountId) {
        const held = await store.account(accountId)
        return held && { ...held.plain, ...openColumns(held, personalData.withKey(accountId, held.sealedKey)) }
      },
    },
    { name: 'roles', of: store.roles },
    {
      name: 'secondFactors',
      async of(accountId) {
        const held = await store.factors(accountId)
        if (!held) return null
        const personal = personalData.withKey(accountId, held.sealedKey)
        const { sealedKey, passkeys, ...rest } = held
        const named = passkeys.map((passkey) => ({
          ...passkey,
          name: personal.open(`passkeys.name:${passkey.id}`, passkey.name),
        }))
        return { ...rest, passkeys: named }
      },
    },
    { name: 'trustedDevices', of: store.trustedDevices },
    { name: 'events', of: (accountId) => store.events(accountId, eventsMax) },
  ]
}
