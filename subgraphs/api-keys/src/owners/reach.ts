/** Whose keys a person may change and rotate: their own, and with `keys:admin` those of service accounts. */
import { holdsScope, type UserPrincipal } from '@latchkey/principal'
import type { Reach } from '../keys/reach.ts'
import { isMadeForOthers } from './owner.ts'

/** A key out of this reach reads as unknown. */
export async function reachToChange(
  keyId: string,
  principal: UserPrincipal,
  ownerOf: (keyId: string) => Promise<string | null>,
): Promise<Reach> {
  const own: Reach = { of: 'owner', ownerId: principal.userId }
  if (!holdsScope(principal, 'keys:admin')) return own
  const ownerId = await ownerOf(keyId)
  return ownerId !== null && isMadeForOthers(ownerId) ? { of: 'owner', ownerId } : own
}
