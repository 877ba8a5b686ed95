/** Who may administer accounts, and see what administrators see. */
import { allow, inOrder, type Rules, requiresScopes } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'
import { someone } from '../rules.ts'

/** A person or a key: what a key holds is less than what its owner does. */
export const readsUsers = inOrder(someone, requiresScopes(['users:read']))
export const writesUsers = inOrder(someone, requiresScopes(['users:write']))

export const administrationRules = {
  Mutation: { updateUser: writesUsers, suspendUser: writesUsers, restoreUser: writesUsers, deleteUser: writesUsers },
  User: {
    status: maySeeAccount,
    suspension: readsUsers,
    externalId: readsUsers,
    lastSignInAt: readsUsers,
    deletedAt: readsUsers,
    eraseAt: readsUsers,
    deletionReason: readsUsers,
  },
  // Reached through the fields above only.
  Suspension: allow,
  UpdateUserPayload: allow,
  SuspendUserPayload: allow,
  RestoreUserPayload: allow,
  DeleteUserPayload: allow,
} satisfies Rules
