/** Access to what people do with their own account: the operations, and the verdict for each principal. */
import { aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import type { UsersApplication } from './subgraph.ts'

const token = '(input: { token: "x" }) { outcome }'

export const operationsOnOwnAccount: Readonly<Record<string, string>> = {
  'Mutation.resendVerification': 'mutation { resendVerification(input: { email: "x@example.com" }) { outcome } }',
  'Mutation.requestEmailChange': 'mutation { requestEmailChange(input: { newEmail: "y@example.com" }) { outcome } }',
  'Mutation.confirmEmailChange': `mutation { confirmEmailChange${token} }`,
  'Mutation.undoEmailChange': `mutation { undoEmailChange${token} }`,
  'Mutation.reportNotMe': `mutation { reportNotMe${token} }`,
  'Mutation.noteImpersonation':
    'mutation ($id: ID!) { noteImpersonation(input: { userId: $id, staffId: "usr_staff", write: false }) { outcome } }',
  'Mutation.noteNewDevice': 'mutation ($id: ID!) { noteNewDevice(userId: $id) { outcome } }',
  'Mutation.noteReusedToken': 'mutation ($id: ID!) { noteReusedToken(userId: $id) { outcome } }',
  'Mutation.updateProfile':
    'mutation { updateProfile(input: { version: 3, givenName: "A" }) { user { id version username } } }',
  'Mutation.updateUserMetadata':
    'mutation ($id: ID!) { updateUserMetadata(input: { id: $id, version: 9, adminMetadata: {} }) { user { id } } }',
  'Subscription.securityEvent': 'subscription { securityEvent { id } }',
  'User.securityEvents': `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) {
    ... on User { securityEvents { edges { cursor node { id } } nodes { id kind at by } pageInfo { hasNextPage } } } } }`,
}

type Verdicts = Readonly<Record<string, string>>

interface Known {
  readonly everyone: Verdicts
  readonly nobody: Verdicts
  readonly someone: Verdicts
  readonly onlyAdmins: Verdicts
  readonly adasProfile: Verdicts
}

const keysRefused = {
  "ada's key": 'FORBIDDEN',
  "ada's key without profile:read": 'FORBIDDEN',
  "eve's key": 'FORBIDDEN',
  "admin's key": 'FORBIDDEN',
}

export function verdictsOnOwnAccount(known: Known): Record<string, Record<string, string>> {
  const { everyone, nobody, someone, onlyAdmins, adasProfile } = known
  const shown = ['version', 'username', 'givenName', 'familyName', 'locale', 'timeZone', 'picture', 'birthdate']
  return {
    'Mutation.resendVerification': { ...everyone },
    // The administrator of these tests has no account.
    'Mutation.requestEmailChange': { ...someone, ...keysRefused, admin: 'NOT_FOUND' },
    'Mutation.confirmEmailChange': { ...everyone },
    'Mutation.undoEmailChange': { ...everyone },
    'Mutation.reportNotMe': { ...everyone },
    'Mutation.noteImpersonation': { ...nobody, sessions: 'ok' },
    'Mutation.noteNewDevice': { ...nobody, sessions: 'ok' },
    'Mutation.noteReusedToken': { ...nobody, sessions: 'ok' },
    'Mutation.updateProfile': { ...nobody, ada: 'ok', eve: 'ok' },
    'Mutation.updateUserMetadata': { ...nobody },
    ...Object.fromEntries(shown.map((field) => [`User.${field}`, { ...adasProfile }])),
    'User.publicMetadata': { ...adasProfile },
    'User.privateMetadata': { ...adasProfile, admin: 'FORBIDDEN', "admin's key": 'FORBIDDEN' },
    'User.adminMetadata': { ...onlyAdmins },
    'Subscription.securityEvent': { ...someone, ...keysRefused },
    'User.securityEvents': { ...someone, ...keysRefused, eve: 'NOT_FOUND', admin: 'NOT_FOUND' },
  }
}

/** Everything that a profile can hold, so that what is permitted shows something. Its version is 3 then. */
export async function fillProfile(users: UsersApplication, { userId }: { readonly userId: string }): Promise<void> {
  const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }'
  const profile = {
    ...{ version: 1, username: `name-${userId.slice(4, 12)}`, givenName: 'Ada', familyName: 'Lovelace', locale: 'en' },
    ...{ timeZone: 'Europe/London', picture: 'https://example.com/a.png', birthdate: '1915-12-10' },
    ...{ publicMetadata: { a: 1 }, privateMetadata: { a: 1 } },
  }
  await ask(users.subgraph, aUser({ userId }), update, { input: profile })
  const note = 'mutation ($input: UpdateUserMetadataInput!) { updateUserMetadata(input: $input) { user { id } } }'
  const administrator = aUser({ userId: 'usr_admin', scopes: ['users:write'] })
  await ask(users.subgraph, administrator, note, { input: { id: userId, version: 2, adminMetadata: { a: 1 } } })
}
