/** What administrators can change of an account that is not its standing: its name, and what another system calls it. */
import { badInput, Problem } from '@latchkey/problem'
import { displayNameMax, isAccountId, parseDisplayName } from '../accounts/account.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { Audit } from '../audit/audit.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { faultOfBucket } from '../profile/change.ts'
import { metadataText } from '../profile/metadata.ts'
import type { MetadataSchemas } from '../profile/schema.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { RoleStore } from '../roles/store.ts'
import { type Administrator, requireReach } from './administrator.ts'
import type { AdministeredAccount, AdministrationStore } from './store.ts'
import { externalIdMax, parseExternalId } from './words.ts'

export interface UpdateUserInput {
  readonly id: string
  readonly displayName?: string | null
  /** `null` takes it away. */
  readonly externalId?: string | null
  /** `null` takes it away. */
  readonly adminMetadata?: unknown
  readonly version: number
}

interface Details {
  /** `null`: stays. */
  readonly displayName: string | null
  /** `undefined`: stays. */
  readonly externalId: string | null | undefined
  /** As JSON. `undefined`: stays. */
  readonly adminMetadata: string | null | undefined
}

export interface DetailsDependencies {
  readonly store: AdministrationStore
  readonly roleStore: Pick<RoleStore, 'holder'>
  readonly book: () => Promise<RoleBook>
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly schemas: MetadataSchemas
  readonly audit: Audit
}

export interface DetailsService {
  /** CONFLICT when the account has changed since `version`, or when another one is called so. */
  update(input: UpdateUserInput, by: Administrator): Promise<{ readonly id: string; readonly version: number }>
}

/** Throws BAD_USER_INPUT naming every wrong field. */
function parseDetails({ displayName, externalId, adminMetadata }: UpdateUserInput, schemas: MetadataSchemas): Details {
  const name = typeof displayName === 'string' ? parseDisplayName(displayName) : null
  const external = typeof externalId === 'string' ? parseExternalId(externalId) : externalId
  const isNameWrong = displayName !== undefined && name === null
  const isExternalWrong = typeof externalId === 'string' && external === null
  const metadataFault = faultOfBucket('admin', adminMetadata, schemas)
  if (isNameWrong || isExternalWrong || metadataFault)
    throw badInput({
      ...(isNameWrong ? { 'input.displayName': `must be 1 to ${displayNameMax} printable characters` } : {}),
      ...(isExternalWrong ? { 'input.externalId': `must be 1 to ${externalIdMax} printable characters` } : {}),
      ...(metadataFault ? { 'input.adminMetadata': metadataFault } : {}),
    })
  const metadata = adminMetadata === undefined || adminMetadata === null ? adminMetadata : metadataText(adminMetadata)
  return { displayName: name, externalId: external, adminMetadata: metadata }
}

export function createDetailsService(dependencies: DetailsDependencies): DetailsService {
  const { store, roleStore, book, personalData, indexer, schemas, audit } = dependencies

  async function readFor(id: string, by: Administrator): Promise<AdministeredAccount> {
    const known = isAccountId(id)
    const [account, holder, roles] = await Promise.all([
      known ? store.byId(id) : null,
      known ? roleStore.holder(id) : null,
      book(),
    ])
    if (!account || !holder || account.status === 'deleted') throw new Problem('NOT_FOUND', 'no such account')
    requireReach(by, roles.beyondEveryone(roles.scopesOf(holder.roles)), 'The account')
    return account
  }

  return {
    async update(input, by) {
      const { displayName, externalId, adminMetadata } = parseDetails(input, schemas)
      const account = await readFor(input.id, by)
      const personal = personalData.withKey(account.id, account.sealedKey)
      const known = account.externalId && personal.open('external_id', account.externalId)
      const changes = externalId !== undefined && externalId !== known
      const written = await store.changeDetails({
        id: account.id,
        version: input.version,
        displayName: displayName ? personal.seal('display_name', displayName) : account.displayName,
        external: changes ? 'changes' : 'stays',
        externalId: externalId
          ? { sealed: personal.seal('external_id', externalId), indexes: indexer.everyOf('external-id', externalId) }
          : null,
        adminMetadata: adminMetadata ? personal.seal('admin_metadata', adminMetadata) : adminMetadata,
        consequences: {
          records: [audit({ action: 'account.update', target: account.id, outcome: 'updated' }, by.cause)],
          messages: [],
          tokens: [],
        },
      })
      if (written === 'taken')
        throw new Problem('CONFLICT', 'external id', { message: 'Another account has this external id.' })
      if (written === 'stale') throw new Problem('CONFLICT', 'version')
      return { id: account.id, version: input.version + 1 }
    },
  }
}
