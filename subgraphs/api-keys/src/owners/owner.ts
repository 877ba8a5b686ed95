/** For whom a key is made: for whoever asks, or for a service account in its place. */
import { holdsScope, type UserPrincipal } from '@latchkey/principal'
import { isServiceAccount } from '@latchkey/principal/owner-kind'
import { Problem } from '@latchkey/problem'
import { isOwnerId } from '../keys/key.ts'
import type { OwnerStandings } from './standing.ts'

/** Keys of people are made by themselves alone: whoever made one in their name could act as them. */
export const isMadeForOthers = (ownerId: string): boolean => isServiceAccount(ownerId)

const ofPeople = () =>
  new Problem('FORBIDDEN', 'a key of somebody else', {
    message: 'A person makes their own keys. For a program that belongs to nobody, make a service account.',
  })

const notActive = () =>
  new Problem('CONFLICT', 'the owner is not active', {
    message: 'The service account is suspended or deleted. Restore it before you make a key for it.',
  })

export interface OwnerChoice {
  /** `null`, or left out: the creator. */
  readonly ownerId?: string | null
}

/**
 * FORBIDDEN for another person, and for a service account without `keys:admin`; NOT_FOUND for an account that does not exist,
 * CONFLICT for one that is not active.
 */
export async function ownerOfNewKey(
  { ownerId }: OwnerChoice,
  creator: UserPrincipal,
  { standings, requestId }: { readonly standings: OwnerStandings; readonly requestId: string },
): Promise<string> {
  if (typeof ownerId !== 'string' || ownerId === creator.userId) return creator.userId
  if (!isMadeForOthers(ownerId)) throw ofPeople()
  if (!holdsScope(creator, 'keys:admin')) throw new Problem('FORBIDDEN', 'keys:admin')
  const standing = isOwnerId(ownerId) ? await standings.of(ownerId, requestId) : 'unknown'
  if (standing === 'unknown') throw new Problem('NOT_FOUND', `owner ${ownerId}`)
  if (standing === 'inactive') throw notActive()
  return ownerId
}
