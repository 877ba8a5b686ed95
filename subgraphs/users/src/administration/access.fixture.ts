/** Access to the administration of accounts and roles, field by field: rows of the access table. */

const input = (fields: string) => `(input: { ${fields} })`
const about = 'id: "usr_unknown"'

/** What is asked of each mutation: about an account that does not exist, so that who may is told from who may not. */
export const administrationOperations: Readonly<Record<string, string>> = {
  'Query.users': '{ users(first: 2) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }',
  'Query.serviceAccounts': '{ serviceAccounts(first: 2) { edges { node { id } } pageInfo { hasNextPage } } }',
  'Mutation.createServiceAccount': `mutation { createServiceAccount${input('name: ""')} { account { id } } }`,
  'Mutation.updateServiceAccount': `mutation { updateServiceAccount${input(about)} { account { id } } }`,
  'Mutation.createUser': `mutation { createUser${input('email: "", displayName: ""')} { user { id } } }`,
  'Mutation.resendInvitation': `mutation { resendInvitation(${about}) { outcome } }`,
  'Mutation.updateUser': `mutation { updateUser${input(`${about}, version: 1`)} { user { id } } }`,
  'Mutation.suspendUser': `mutation { suspendUser${input(`${about}, reason: "x"`)} { user { id } } }`,
  'Mutation.restoreUser': `mutation { restoreUser(${about}) { user { id } } }`,
  'Mutation.deleteUser': `mutation { deleteUser${input(about)} { user { id } } }`,
  'Mutation.importUsers': `mutation { importUsers${input('ndjson: "", mode: DRY_RUN')} { created } }`,
  'Mutation.createRole': `mutation { createRole${input('name: "!", description: "x"')} { role { name } } }`,
  'Mutation.updateRole': `mutation { updateRole${input('name: "unknown"')} { role { name } } }`,
  'Mutation.deleteRole': 'mutation { deleteRole(name: "unknown") { name } }',
  'Mutation.grantRole': `mutation { grantRole${input('userId: "usr_unknown", role: "user"')} { outcome } }`,
  'Mutation.revokeRole': `mutation { revokeRole${input('userId: "usr_unknown", role: "user"')} { outcome } }`,
}

type Verdicts = Readonly<Record<string, string>>

/** `forbidden`: everyone's verdict where nobody may. The verdicts are those of `access.test.ts`. */
export function administrationAccess(forbidden: Verdicts, onlyReaders: Verdicts, profile: Verdicts) {
  const writers = (verdict: string, key: string) => ({
    ...forbidden,
    admin: 'FORBIDDEN',
    'writing admin': verdict,
    "writing admin's key": key,
  })
  const account = writers('NOT_FOUND', 'NOT_FOUND')
  const roles = (verdict: string) => writers(verdict, 'FORBIDDEN')
  return {
    'Query.users': { ...onlyReaders, 'writing admin': 'FORBIDDEN' },
    'Query.serviceAccounts': { ...onlyReaders, 'writing admin': 'FORBIDDEN' },
    'Mutation.createServiceAccount': writers('BAD_USER_INPUT', 'BAD_USER_INPUT'),
    'Mutation.updateServiceAccount': account,
    'User.serviceAccount': profile,
    'Mutation.createUser': writers('BAD_USER_INPUT', 'BAD_USER_INPUT'),
    'Mutation.importUsers': writers('BAD_USER_INPUT', 'FORBIDDEN'),
    'Mutation.resendInvitation': account,
    'Mutation.updateUser': account,
    'Mutation.suspendUser': account,
    'Mutation.restoreUser': account,
    'Mutation.deleteUser': account,
    'Mutation.createRole': { ...roles('BAD_USER_INPUT'), 'stale admin': 'STEP_UP_REQUIRED' },
    'Mutation.updateRole': { ...roles('NOT_FOUND'), 'stale admin': 'STEP_UP_REQUIRED' },
    'Mutation.deleteRole': { ...roles('NOT_FOUND'), 'stale admin': 'STEP_UP_REQUIRED' },
    'Mutation.grantRole': { ...roles('NOT_FOUND'), 'stale admin': 'STEP_UP_REQUIRED' },
    'Mutation.revokeRole': { ...roles('NOT_FOUND'), 'stale admin': 'STEP_UP_REQUIRED' },
    'User.status': profile,
    'User.version': profile,
    'User.suspension': onlyReaders,
    'User.externalId': onlyReaders,
    'User.lastSignInAt': onlyReaders,
    'User.deletedAt': onlyReaders,
    'User.deletionReason': onlyReaders,
    'User.eraseAt': onlyReaders,
  }
}
