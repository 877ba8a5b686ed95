/** Whose keys a person may change and rotate: their own, and with `keys:admin` those of service accounts. */
import { holdsScope, type UserPrincipal } from '@latchkey/principal'
import { isMadeForOthers } from './owner.ts'

/** Whose key it must be: one of anybody else reads as unknown. */
export async function ownerToChange(
  keyId: string,
  principal: UserPrincipal,
  ownerOf: (keyId: string) => Promise<string | null>,
): Promise<string> {
  if (!holdsScope(principal, 'keys:admin')) return principal.userId
  const ownerId = await ownerOf(keyId)
  return ownerId !== null && isMadeForOthers(ownerId) ? ownerId : principal.userId
}
