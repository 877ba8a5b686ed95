/** Reads profiles for one operation: each once, when a permitted field asks, opening only what is asked for. */
import { Problem } from '@latchkey/problem'
import { isAccountId } from '../accounts/account.ts'
import type { PersonalColumn, PersonalData } from '../accounts/personal-data.ts'
import { type Bucket, type Metadata, readMetadata } from './metadata.ts'
import { type Profile, readProfile } from './profile.ts'
import type { ProfileStore, StoredProfile } from './store.ts'

/** Each rejects with NOT_FOUND when there is no such account; what is not set is `null`. */
export interface ProfileReader {
  version(id: string): Promise<number>
  username(id: string): Promise<string | null>
  part(id: string, part: keyof Profile): Promise<string | null>
  metadata(id: string, bucket: Bucket): Promise<Metadata | null>
}

interface ReaderDependencies {
  readonly profileStore: Pick<ProfileStore, 'byId'>
  readonly personalData: PersonalData
}

const column = {
  public: ['public_metadata', 'publicMetadata'],
  private: ['private_metadata', 'privateMetadata'],
  admin: ['admin_metadata', 'adminMetadata'],
} as const

export function createProfileReader({ profileStore, personalData }: ReaderDependencies): ProfileReader {
  const asked = new Map<string, Promise<StoredProfile | null>>()

  async function stored(id: string): Promise<StoredProfile> {
    const reading = asked.get(id) ?? (isAccountId(id) ? profileStore.byId(id) : Promise.resolve(null))
    asked.set(id, reading)
    const found = await reading
    if (!found) throw new Problem('NOT_FOUND', 'no such account')
    return found
  }

  async function opened(id: string, place: PersonalColumn, sealedIn: (profile: StoredProfile) => string | null) {
    const found = await stored(id)
    const sealed = sealedIn(found)
    return sealed === null ? null : personalData.withKey(id, found.sealedKey).open(place, sealed)
  }

  return {
    version: async (id) => (await stored(id)).version,
    username: (id) => opened(id, 'username', ({ username }) => username),
    part: async (id, part) => readProfile(await opened(id, 'profile', ({ profile }) => profile))[part] ?? null,
    async metadata(id, bucket) {
      const [place, name] = column[bucket]
      const text = await opened(id, place, (profile) => profile[name])
      return text === null ? null : readMetadata(text)
    },
  }
}
