/** What somebody asks of a profile: absent leaves a part as it is, `null` clears it. */
import { badInput } from '@latchkey/problem'
import { displayNameMax, parseDisplayName } from '../accounts/account.ts'
import { type Bucket, faultOfMetadata } from './metadata.ts'
import { type Profile, parseBirthdate, parseLocale, parsePicture, parseTimeZone } from './profile.ts'
import type { MetadataSchemas } from './schema.ts'
import { parseUsername, type Username } from './username.ts'

export interface UpdateProfileInput {
  readonly version: number
  readonly displayName?: string | null
  readonly username?: string | null
  readonly givenName?: string | null
  readonly familyName?: string | null
  readonly locale?: string | null
  readonly timeZone?: string | null
  readonly picture?: string | null
  readonly birthdate?: string | null
  readonly publicMetadata?: unknown
  readonly privateMetadata?: unknown
}

export interface UpdateUserMetadataInput {
  readonly id: string
  readonly version: number
  readonly publicMetadata?: unknown
  readonly adminMetadata?: unknown
}

/** Found acceptable. What is not there is left as it is. */
export interface ProfileEdit {
  readonly version: number
  readonly displayName?: string
  readonly username?: Username | null
  readonly profile: { readonly [Part in keyof Profile]?: string | null }
  readonly metadata: { readonly [Name in Bucket]?: object | null }
}

const versionMax = 2_147_483_647

const namePart = (text: string) => parseDisplayName(text)
const faultOfName = `must be 1 to ${displayNameMax} printable characters`

interface PartRule {
  readonly parse: (text: string, today: Date) => string | null
  readonly fault: string
}

const parts: { readonly [Part in keyof Required<Profile>]: PartRule } = {
  givenName: { parse: namePart, fault: faultOfName },
  familyName: { parse: namePart, fault: faultOfName },
  locale: { parse: parseLocale, fault: 'must be a language tag such as en or de-AT' },
  timeZone: { parse: parseTimeZone, fault: 'must be a time zone such as Europe/Vienna' },
  picture: { parse: parsePicture, fault: 'must be an https address of at most 2048 characters' },
  birthdate: { parse: parseBirthdate, fault: 'must be a day that has been, such as 2000-12-31' },
}

/** Collects what is wrong, so that the caller hears of all of it at once. */
function createFaults() {
  const faults: Record<string, string> = {}
  return {
    add: (field: string, fault: string) => void Object.assign(faults, { [`input.${field}`]: fault }),
    throwAny() {
      if (Object.keys(faults).length > 0) throw badInput(faults)
    },
  }
}

type Faults = ReturnType<typeof createFaults>

function editOfParts(input: UpdateProfileInput, today: Date, faults: Faults): ProfileEdit['profile'] {
  const edit: Record<string, string | null> = {}
  for (const [part, { parse, fault }] of Object.entries(parts)) {
    const given = input[part as keyof Profile]
    if (given === undefined) continue
    const parsed = given === null ? null : parse(given, today)
    if (given !== null && parsed === null) faults.add(part, fault)
    edit[part] = parsed
  }
  return edit
}

function editOfUsername(given: string | null | undefined, faults: Faults): Pick<ProfileEdit, 'username'> {
  if (given === undefined) return {}
  if (given === null) return { username: null }
  const username = parseUsername(given)
  if (!('fault' in username)) return { username }
  faults.add('username', username.fault)
  return {}
}

function editOfDisplayName(given: string | null | undefined, faults: Faults): Pick<ProfileEdit, 'displayName'> {
  if (given === undefined) return {}
  const displayName = given === null ? null : parseDisplayName(given)
  if (displayName !== null) return { displayName }
  faults.add('displayName', faultOfName)
  return {}
}

function editOfMetadata(
  given: Readonly<Partial<Record<Bucket, unknown>>>,
  schemas: MetadataSchemas,
  faults: Faults,
): ProfileEdit['metadata'] {
  const edit: Partial<Record<Bucket, object | null>> = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const bucket = name as Bucket
    const fault = faultOfBucket(bucket, value, schemas)
    if (fault !== null) faults.add(`${bucket}Metadata`, fault)
    edit[bucket] = value as object | null
  }
  return edit
}

const checkVersion = (version: number, faults: Faults) => {
  if (version < 1 || version > versionMax) faults.add('version', 'must be the version that was read')
}

export interface EditTerms {
  readonly schemas: MetadataSchemas
  readonly today: Date
}

/** Throws BAD_USER_INPUT naming every wrong field. */
export function parseProfileEdit(input: UpdateProfileInput, { schemas, today }: EditTerms): ProfileEdit {
  const faults = createFaults()
  checkVersion(input.version, faults)
  const edit: ProfileEdit = {
    version: input.version,
    ...editOfDisplayName(input.displayName, faults),
    ...editOfUsername(input.username, faults),
    profile: editOfParts(input, today, faults),
    metadata: editOfMetadata({ public: input.publicMetadata, private: input.privateMetadata }, schemas, faults),
  }
  faults.throwAny()
  return edit
}

/** What is wrong with a new value of a bucket that is given, or `null`. */
export const faultOfBucket = (bucket: Bucket, value: unknown, schemas: MetadataSchemas): string | null =>
  value === undefined || value === null ? null : (faultOfMetadata(value) ?? schemas(bucket, value))

/** The same for what administrators write. */
export function parseMetadataEdit(
  input: UpdateUserMetadataInput,
  { schemas }: Pick<EditTerms, 'schemas'>,
): ProfileEdit {
  const faults = createFaults()
  checkVersion(input.version, faults)
  const metadata = editOfMetadata({ public: input.publicMetadata, admin: input.adminMetadata }, schemas, faults)
  faults.throwAny()
  return { version: input.version, profile: {}, metadata }
}
