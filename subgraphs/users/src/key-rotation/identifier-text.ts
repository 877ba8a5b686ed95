/** Identifiers as they were normalised when their blind index was made. */

import { parseEmailAddress } from '../email/email-address.ts'
import type { IdentifierKind } from '../identifiers/blind-index.ts'

/** How each kind is normalised; a form that is not the one that was used matches no row, and is told as unreadable. */
const normalise: Readonly<Record<IdentifierKind, (text: string) => string | null>> = {
  email: (text) => parseEmailAddress(text)?.normalised ?? null,
  username: (text) => text.normalize('NFKC').toLowerCase(),
  'external-id': (text) => text,
}

export const normalIdentifier = (kind: IdentifierKind, text: string): string | null => normalise[kind](text)
