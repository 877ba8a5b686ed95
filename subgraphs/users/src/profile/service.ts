/** What can be done with profiles: change one. */
import type { Clock } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { isAccountId } from '../accounts/account.ts'
import type { PersonalData, PersonalSeal } from '../accounts/personal-data.ts'
import { type Administrator, requireReach } from '../administration/administrator.ts'
import type { Audit, AuditedAction, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { RoleStore } from '../roles/store.ts'
import {
  type ProfileEdit,
  parseMetadataEdit,
  parseProfileEdit,
  type UpdateProfileInput,
  type UpdateUserMetadataInput,
} from './change.ts'
import { type Bucket, metadataText } from './metadata.ts'
import { type Profile, profileText, readProfile } from './profile.ts'
import type { MetadataSchemas } from './schema.ts'
import type { ProfileChange, ProfileColumns, ProfileStore, StoredProfile } from './store.ts'

export interface ProfileDependencies {
  readonly store: ProfileStore
  readonly roleStore: Pick<RoleStore, 'holder'>
  readonly book: () => Promise<RoleBook>
  readonly schemas: MetadataSchemas
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly audit: Audit
  readonly clock: Clock
}

export interface ProfileService {
  /**
   * Changes what the input names, against the version that was read: of any number of changes against one version one is
   * made. Rejects with BAD_USER_INPUT naming the fields, with CONFLICT when the version is not the current one or the user
   * name is somebody's, with NOT_FOUND when there is no such account.
   */
  update(
    input: UpdateProfileInput,
    accountId: string,
    cause: Cause,
  ): Promise<{ readonly user: { readonly id: string } }>
  /** The same for what administrators keep with an account; FORBIDDEN for one that permits more than they hold. */
  updateMetadata(input: UpdateUserMetadataInput, by: Administrator): Promise<{ readonly user: { readonly id: string } }>
}

const taken = 'This user name, or one that looks like it, is taken.'

const column: Readonly<Record<Bucket, keyof ProfileColumns>> = {
  public: 'publicMetadata',
  private: 'privateMetadata',
  admin: 'adminMetadata',
}
const place = { public: 'public_metadata', private: 'private_metadata', admin: 'admin_metadata' } as const

/** Without what is cleared. */
function profileAfter(before: Profile, edit: ProfileEdit['profile']): Profile {
  return Object.fromEntries(Object.entries({ ...before, ...edit }).filter(([, value]) => value !== null))
}

function columnsAfter(stored: StoredProfile, edit: ProfileEdit, personal: PersonalSeal): ProfileColumns {
  const { displayName, username, profile, publicMetadata, privateMetadata, adminMetadata } = stored
  const before = readProfile(profile === null ? null : personal.open('profile', profile))
  const after = profileAfter(before, edit.profile)
  const isEmpty = Object.keys(after).length === 0
  const metadata = Object.entries(edit.metadata).map(([name, value]) => {
    const bucket = name as Bucket
    return [column[bucket], value === null ? null : personal.seal(place[bucket], metadataText(value))]
  })
  return {
    ...{ displayName, username, profile, publicMetadata, privateMetadata, adminMetadata },
    ...(edit.displayName === undefined ? {} : { displayName: personal.seal('display_name', edit.displayName) }),
    ...(edit.username === undefined
      ? {}
      : { username: edit.username && personal.seal('username', edit.username.written) }),
    ...(Object.keys(edit.profile).length === 0
      ? {}
      : { profile: isEmpty ? null : personal.seal('profile', profileText(after)) }),
    ...Object.fromEntries(metadata),
  }
}

/** What was touched, by name: never what it says. */
const touched = ({ displayName, username, profile, metadata }: ProfileEdit): string =>
  [
    ...(displayName === undefined ? [] : ['displayName']),
    ...(username === undefined ? [] : ['username']),
    ...Object.keys(profile),
    ...Object.keys(metadata).map((bucket) => `${bucket}Metadata`),
  ].join(' ')

export function createProfileService(dependencies: ProfileDependencies): ProfileService {
  const { store, roleStore, book, schemas, personalData, indexer, audit, clock } = dependencies

  const indexesOf = ({ username }: ProfileEdit): ProfileChange['usernameIndexes'] =>
    username === undefined ? 'unchanged' : username === null ? [] : indexer.everyOf('username', username.skeleton)

  async function change(accountId: string, edit: ProfileEdit, action: AuditedAction, cause: Cause) {
    const stored = isAccountId(accountId) ? await store.byId(accountId) : null
    if (!stored || stored.status === 'deleted') throw new Problem('NOT_FOUND', 'no such account')
    if (stored.version !== edit.version) throw new Problem('CONFLICT', 'another version')
    const personal = personalData.withKey(accountId, stored.sealedKey)
    const record = audit({ action, target: accountId, outcome: 'changed', detail: { fields: touched(edit) } }, cause)
    const outcome = await store.change({
      accountId,
      version: edit.version,
      columns: columnsAfter(stored, edit, personal),
      usernameIndexes: indexesOf(edit),
      consequences: consequencesOf({ records: [record] }),
    })
    if (outcome === 'taken') throw new Problem('CONFLICT', 'user name taken', { message: taken })
    if (outcome === 'stale') throw new Problem('CONFLICT', 'another version')
    return { user: { id: accountId } }
  }

  async function requireWithin(id: string, by: Administrator): Promise<void> {
    const [roles, holder] = await Promise.all([book(), isAccountId(id) ? roleStore.holder(id) : null])
    if (!holder) throw new Problem('NOT_FOUND', 'no such account')
    requireReach(by, roles.beyondEveryone(roles.scopesOf(holder.roles)), 'The account')
  }

  return {
    update: async (input, accountId, cause) =>
      change(accountId, parseProfileEdit(input, { schemas, today: clock.now() }), 'profile.update', cause),
    async updateMetadata(input, by) {
      const edit = parseMetadataEdit(input, { schemas })
      await requireWithin(input.id, by)
      return change(input.id, edit, 'account.update', by.cause)
    },
  }
}
