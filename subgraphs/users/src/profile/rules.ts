/** Who may read and write profiles. */
import { actingUserId } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, requiresScopes, rule } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'
import { someone } from '../rules.ts'

const isTheirs = rule<{ id: string }>(
  'profileIsTheirs',
  ({ id }, _args, { principal }) => actingUserId(principal) === id || new Problem('NOT_FOUND', `account ${id}`),
  { cache: 'none' },
)

/** The person alone, and programs that they let read their account: no administrator. */
const onlyTheirs = inOrder(someone, requiresScopes(['profile:read']), isTheirs)
const administrators = inOrder(someone, requiresScopes(['users:read']))

export const profileRules = {
  Mutation: {
    updateProfile: inOrder(someone, requiresScopes(['profile:write'])),
    updateUserMetadata: inOrder(someone, requiresScopes(['users:write'])),
  },
  User: {
    version: maySeeAccount,
    username: maySeeAccount,
    givenName: maySeeAccount,
    familyName: maySeeAccount,
    locale: maySeeAccount,
    timeZone: maySeeAccount,
    picture: maySeeAccount,
    birthdate: maySeeAccount,
    publicMetadata: maySeeAccount,
    privateMetadata: onlyTheirs,
    adminMetadata: administrators,
  },
  // Reached through the two mutations only.
  UpdateProfilePayload: allow,
  UpdateUserMetadataPayload: allow,
} satisfies Rules
