/** Identifiers as they were normalised when their blind index was made. */
import { parseExternalId } from '../administration/words.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import type { IdentifierKind } from '../identifiers/blind-index.ts'
import { skeletonOf } from '../profile/username.ts'

/** How each kind is normalised; a form that is not the one that was used matches no row, and is told as unreadable. */
const normalise: Readonly<Record<IdentifierKind, (text: string) => string | null>> = {
  email: (text) => parseEmailAddress(text)?.normalised ?? null,
  // Not parsed: a name that has been reserved since is somebody's all the same.
  username: skeletonOf,
  'external-id': parseExternalId,
}

export const normalIdentifier = (kind: IdentifierKind, text: string): string | null => normalise[kind](text)
