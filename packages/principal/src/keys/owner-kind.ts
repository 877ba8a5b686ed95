/** Who a key can belong to: the id of an account says what kind it is, so that nobody has to ask. */

/** Organisations (`org_…`) come later: one line here, and whoever asks for the kind is told by the compiler. */
export type OwnerKind = 'person' | 'serviceAccount'

/** How the ids of service accounts begin. */
export const serviceAccountPrefix = 'svc'

/** Whatever is no service account is a person: ids of people were never promised to begin in one way. */
export const ownerKindOf = (ownerId: string): OwnerKind =>
  ownerId.startsWith(`${serviceAccountPrefix}_`) ? 'serviceAccount' : 'person'

export const isServiceAccount = (ownerId: string): boolean => ownerKindOf(ownerId) === 'serviceAccount'
