import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { unguardedFields } from '@latchkey/subgraph/guard'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { administrationAccess, administrationOperations } from './administration/access.fixture.ts'
import { aMember, startUsers, type UsersUnderTest } from './application.fixture.ts'
import { rules } from './graph.ts'
import { fillProfile, operationsOnOwnAccount, verdictsOnOwnAccount } from './own-account.fixture.ts'
import { factorOperations, factorSelections, factorTable } from './second-factors/access.fixture.ts'
import { webhookAccess, webhookOperations } from './webhooks/access.fixture.ts'

const writing = ['users:write', 'roles:write', 'webhooks:write', 'audit:read']

let under: UsersUnderTest
let principals: Record<string, Principal>
let adaId: string

beforeAll(async () => {
  under = await startUsers()
  under.clock.advance(123)
  const ada = await aMember(under.users, 'ada@example.com')
  const eve = await aMember(under.users, 'eve@example.com')
  adaId = ada.userId
  await fillProfile(under.users, ada)
  await fillProfile(under.users, eve)
  principals = {
    anonymous,
    ada,
    eve,
    'ada without scopes': { ...ada, scopes: [] },
    admin: aUser({ userId: 'usr_admin', roles: ['admin'], scopes: ['users:read', 'roles:read', 'webhooks:read'] }),
    "ada's key": anApiKey({ ownerId: adaId, scopes: ['profile:read'] }),
    "ada's key without profile:read": anApiKey({ ownerId: adaId, scopes: ['keys:read'] }),
    "eve's key": anApiKey({ ownerId: eve.userId, scopes: ['profile:read'] }),
    "admin's key": anApiKey({ ownerId: 'usr_admin', scopes: ['users:read', 'roles:read', 'webhooks:read'] }),
    'writing admin': aUser({ userId: 'usr_admin', roles: ['admin'], scopes: writing }),
    'stale admin': aUser({ userId: 'usr_admin', roles: ['admin'], scopes: writing, authTime: 1_800_000_000 }),
    "writing admin's key": anApiKey({ ownerId: 'usr_admin', scopes: writing }),
    'deaf admin': aUser({ userId: 'usr_admin', roles: ['admin'], scopes: ['webhooks:write'] }),
    sessions: aService('sessions', ['users:read', 'profile:read']),
    gateway: aService('gateway', ['users:read', 'profile:read']),
    'api-keys': aService('api-keys', ['users:read', 'profile:read']),
    stranger: aService('orders', ['users:read', 'profile:read', 'roles:read']),
  }
})
afterAll(() => under.close())

/** The operation that asks a field about ada. */
const operationFor = (field: string): string => {
  const about: Record<string, string> = {
    'Query.me': '{ me { id } }',
    'Query.user': 'query ($id: ID!) { user(id: $id) { id } }',
    'Query.auditEvents': '{ auditEvents(first: 1) { nodes { id action } } }',
    'Query.roles': '{ roles { name description scopes } }',
    'Query.scopes': '{ scopes { name description } }',
    'Query.checkPassword':
      '{ checkPassword(email: "ada@example.com", password: "correct horse battery staple") { outcome userId } }',
    'Query.namedAccount': '{ namedAccount(email: "ada@example.com") { userId } }',
    'Mutation.noteStoppedSignIn':
      'mutation { noteStoppedSignIn(userId: "usr_unknown", what: SECOND_FACTOR) { outcome } }',
    'Query.grants': 'query ($id: ID!) { grants(userId: $id) { userId epoch active roles scopes } }',
    'Mutation.sendKeyNotice': `mutation { sendKeyNotice(input: { ref: "x", ownerId: "usr_unknown", kind: EXPIRES, name: "x",
      prefix: "x", lastFour: "x", endsAt: "2030-01-02T00:00:00Z", daysLeft: 1 }) { outcome } }`,
    'Query.credentialHealth': '{ credentialHealth { legacyHashes } }',
    'Mutation.register':
      'mutation { register(input: { email: "x@example.com", password: "correct horse battery", displayName: "X" }) { outcome } }',
    'Mutation.verifyEmail': 'mutation { verifyEmail(input: { token: "x" }) { outcome } }',
    ...passwordOperations,
    'Mutation.deleteMe': 'mutation { deleteMe(input: { email: "nobody@example.com" }) { eraseAt } }',
    'Mutation.undoDeletion': 'mutation { undoDeletion(input: { token: "x" }) { outcome } }',
    'Mutation.requestDataExport': 'mutation { requestDataExport { dataExport { id } } }',
    'User.dataExports':
      'query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { dataExports { id } } } }',
    ...signInMailOperations,
    ...trustedDeviceOperations,
    ...factorOperations,
    ...operationsOnOwnAccount,
    ...administrationOperations,
    ...webhookOperations,
    reference:
      'query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { id } } }',
  }
  const [, name] = field.split('User.')
  if (!name || about[field]) return about[field] ?? ''
  const asked = selections[name] ?? factorSelections[name] ?? name
  return `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { ${asked} } } }`
}

const selections: Readonly<Record<string, string>> = {
  suspension: 'suspension { reason since until by }',
  serviceAccount: 'serviceAccount { description responsible { id } }',
}

const passwordOperations: Record<string, string> = {
  'Mutation.changePassword':
    'mutation { changePassword(input: { currentPassword: "not the one", newPassword: "a new horse battery" }) { outcome } }',
  'Mutation.requestPasswordReset': 'mutation { requestPasswordReset(input: { email: "x@example.com" }) { outcome } }',
  'Mutation.resetPassword':
    'mutation { resetPassword(input: { token: "x", newPassword: "a new horse battery" }) { outcome } }',
  'Mutation.acceptInvitation':
    'mutation { acceptInvitation(input: { token: "x", password: "a new horse battery" }) { outcome } }',
}

const signInMailOperations: Record<string, string> = {
  'Mutation.sendSignInMail': 'mutation { sendSignInMail(email: "x@example.com") { reference } }',
  'Mutation.checkSignInLink': 'mutation { checkSignInLink(token: "x") { outcome secondFactors } }',
  'Mutation.checkSignInCode': 'mutation { checkSignInCode(reference: "x", code: "x") { outcome secondFactors } }',
}

const trustedDeviceOperations: Record<string, string> = {
  'Mutation.revokeTrustedDevice': 'mutation { revokeTrustedDevice(id: "dev_x") { id } }',
  'Mutation.revokeTrustedDevices': 'mutation { revokeTrustedDevices { ids } }',
  'Mutation.trustDevice':
    'mutation ($id: ID!) { trustDevice(userId: $id, deviceId: "dev_x", sessionEpoch: 0) { outcome } }',
  'Mutation.useTrustedDevice':
    'mutation ($id: ID!) { useTrustedDevice(userId: $id, deviceId: "dev_x", sessionEpoch: 0) { outcome } }',
  'User.trustedDevices':
    'query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { trustedDevices { id } } } }',
}

const everyone = {
  anonymous: 'ok',
  ada: 'ok',
  'ada without scopes': 'ok',
  eve: 'ok',
  admin: 'ok',
  "ada's key": 'ok',
  "ada's key without profile:read": 'ok',
  "eve's key": 'ok',
  "admin's key": 'ok',
  sessions: 'ok',
  gateway: 'ok',
  'api-keys': 'ok',
  stranger: 'ok',
}
const noService = { sessions: 'FORBIDDEN', gateway: 'FORBIDDEN', 'api-keys': 'FORBIDDEN', stranger: 'FORBIDDEN' }
const someone = { ...everyone, ...noService, anonymous: 'UNAUTHENTICATED' }
const adasProfile = {
  ...someone,
  'ada without scopes': 'FORBIDDEN',
  eve: 'NOT_FOUND',
  "ada's key without profile:read": 'FORBIDDEN',
  "eve's key": 'NOT_FOUND',
}
const onlyAdmins = {
  ...noService,
  anonymous: 'UNAUTHENTICATED',
  ada: 'FORBIDDEN',
  'ada without scopes': 'FORBIDDEN',
  eve: 'FORBIDDEN',
  admin: 'ok',
  "ada's key": 'FORBIDDEN',
  "ada's key without profile:read": 'FORBIDDEN',
  "eve's key": 'FORBIDDEN',
  "admin's key": 'ok',
}
const nobody = { ...onlyAdmins, admin: 'FORBIDDEN', "admin's key": 'FORBIDDEN' }

const justThem = {
  ...nobody,
  ada: 'ok',
  'ada without scopes': 'ok',
  eve: 'ok',
  admin: 'NOT_FOUND',
  "admin's key": 'FORBIDDEN',
}
const unconfirmed = 'BAD_USER_INPUT'

const table: Record<string, Record<string, string>> = {
  'Query.me': someone,
  'Query.user': adasProfile,
  'Query.roles': onlyAdmins,
  'Query.scopes': someone,
  'Query.checkPassword': { ...nobody, sessions: 'ok' },
  'Query.namedAccount': { ...nobody, sessions: 'ok' },
  'Mutation.noteStoppedSignIn': { ...nobody, sessions: 'ok' },
  'Query.grants': { ...nobody, gateway: 'ok', sessions: 'ok', 'api-keys': 'ok' },
  'Mutation.sendKeyNotice': { ...nobody, 'api-keys': 'ok' },
  'Query.credentialHealth': onlyAdmins,
  'Mutation.register': everyone,
  'Mutation.verifyEmail': everyone,
  'Mutation.changePassword': { ...nobody, ada: 'ok', 'ada without scopes': 'ok', eve: 'ok', admin: 'NOT_FOUND' },
  'Mutation.requestPasswordReset': everyone,
  'Mutation.resetPassword': everyone,
  'Mutation.acceptInvitation': everyone,
  reference: someone,
  'Mutation.deleteMe': { ...justThem, ada: unconfirmed, 'ada without scopes': unconfirmed, eve: unconfirmed },
  'Mutation.undoDeletion': everyone,
  'Mutation.requestDataExport': justThem,
  'User.dataExports': { ...justThem, eve: 'NOT_FOUND' },
  'User.id': someone,
  'User.email': adasProfile,
  'User.emailVerified': adasProfile,
  'User.displayName': adasProfile,
  'User.roles': adasProfile,
  'User.createdAt': adasProfile,
  'Mutation.revokeTrustedDevice': {
    ...justThem,
    ada: 'NOT_FOUND',
    'ada without scopes': 'NOT_FOUND',
    eve: 'NOT_FOUND',
  },
  'Mutation.revokeTrustedDevices': { ...justThem, admin: 'ok' },
  'Query.auditEvents': nobody,
  'Mutation.trustDevice': { ...nobody, sessions: 'ok' },
  'Mutation.useTrustedDevice': { ...nobody, sessions: 'ok' },
  'User.trustedDevices': adasProfile,
  'Mutation.sendSignInMail': { ...nobody, sessions: 'ok' },
  'Mutation.checkSignInLink': { ...nobody, sessions: 'ok' },
  'Mutation.checkSignInCode': { ...nobody, sessions: 'ok' },
  ...factorTable(adasProfile),
  ...verdictsOnOwnAccount({ everyone, nobody, someone, onlyAdmins, adasProfile }),
  ...administrationAccess(nobody, onlyAdmins, adasProfile),
  ...webhookAccess(nobody, onlyAdmins),
}

/** Of an account about which there is nothing to say. */
const mayBeNull = new Set([
  ...['User.suspension', 'User.externalId', 'User.lastSignInAt', 'User.deletedAt'],
  ...['User.deletionReason', 'User.eraseAt', 'User.serviceAccount', 'Subscription.securityEvent'],
])

const rows = Object.entries(table).flatMap(([field, verdicts]) =>
  Object.entries(verdicts).map(([who, verdict]) => [field, who, verdict] as const),
)

describe('access', () => {
  it.each(rows)('to %s by %s is %s', async (field, who, expected) => {
    const principal = principals[who] ?? expect.fail(who)
    const { data, errors } = await ask(under.users.subgraph, principal, operationFor(field), { id: adaId })
    expect(errors?.[0]?.extensions?.code ?? 'ok').toBe(expected)
    if (expected === 'ok' && !mayBeNull.has(field)) expect(JSON.stringify(data)).not.toMatch(/:null[,}]/)
  })

  it('is decided for every field', () => {
    expect(unguardedFields(under.users.subgraph.schema, rules)).toEqual([])
    const fields = ['Query', 'Mutation', 'User'].flatMap((type) =>
      Object.keys(rules[type] ?? {}).map((name) => `${type}.${name}`),
    )
    expect(Object.keys(table)).toEqual(expect.arrayContaining(fields))
  })
})

const profile = 'id email emailVerified displayName roles createdAt'

describe('a refused account', () => {
  it.each(['anonymous', 'eve', "ada's key without profile:read", 'stranger'])('is not read for %s', async (who) => {
    const principal = principals[who] ?? expect.fail(who)
    const from = under.database.asked.length
    const asked = `query ($id: ID!) { user(id: $id) { ${profile} }
      _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { ${profile} } } }`
    const { errors } = await ask(under.users.subgraph, principal, asked, { id: adaId })
    expect(errors?.length).toBeGreaterThan(0)
    expect(under.database.asked.slice(from).filter((name) => !/^users_(outbox|mail)_/.test(name))).toEqual([])
  })

  it('reads like one that does not exist', async () => {
    const eve = principals.eve ?? expect.fail()
    const query = 'query ($id: ID!) { user(id: $id) { id } }'
    const theirs = await ask(under.users.subgraph, eve, query, { id: adaId })
    const unknown = await ask(under.users.subgraph, eve, query, { id: 'usr_unknown' })
    expect(theirs).toEqual(unknown)
  })

  it('does not spoil the permitted one beside it, nor the other way round', async () => {
    const eve = principals.eve as { userId: string } & Principal
    const query = `query ($refs: [_Any!]!) { _entities(representations: $refs) { ... on User { id email } } }`
    const refs = [eve.userId, adaId, eve.userId].map((id) => ({ __typename: 'User', id }))
    const { data, errors } = await ask(under.users.subgraph, eve, query, { refs })
    expect(data?._entities).toEqual([
      { id: eve.userId, email: 'eve@example.com' },
      { id: adaId, email: null },
      { id: eve.userId, email: 'eve@example.com' },
    ])
    expect(errors?.map(({ path, extensions }) => [path, extensions?.code])).toEqual([
      [['_entities', 1, 'email'], 'NOT_FOUND'],
    ])
  })
})

describe('a list of accounts', () => {
  it('is read with one statement', async () => {
    const admin = principals.admin ?? expect.fail()
    const eve = principals.eve as { userId: string } & Principal
    const query = `query ($refs: [_Any!]!) { _entities(representations: $refs) { ... on User { id email displayName createdAt } } }`
    const refs = [adaId, eve.userId, adaId].map((id) => ({ __typename: 'User', id }))
    const from = under.database.asked.length
    const { data } = await ask(under.users.subgraph, admin, query, { refs })
    expect(data).toMatchObject({
      _entities: [{ email: 'ada@example.com' }, { email: 'eve@example.com' }, { email: 'ada@example.com' }],
    })
    const statements = under.database.asked.slice(from).filter((name) => !/^users_(outbox|mail)_/.test(name))
    expect(statements).toEqual(['users_accounts_by_id'])
  })

  it.each(['usr_unknown', '', 'usr_\u0000', "' OR 1=1 --"])('does not find %j, whatever is asked of it', async (id) => {
    const admin = principals.admin ?? expect.fail()
    const query = `query ($id: ID!) { user(id: $id) { id }
      _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { email roles } } }`
    const { data, errors } = await ask(under.users.subgraph, admin, query, { id })
    expect(data).toEqual({ user: null, _entities: [{ email: null, roles: null }] })
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  })

  it('names the one that does not exist, to those who may know', async () => {
    const admin = principals.admin ?? expect.fail()
    const { data, errors } = await ask(under.users.subgraph, admin, '{ user(id: "usr_unknown") { id } }')
    expect({ data, code: errors?.[0]?.extensions?.code }).toEqual({ data: { user: null }, code: 'NOT_FOUND' })
  })
})

describe('me', () => {
  it('is the owner of the key', async () => {
    const key = principals["ada's key"] ?? expect.fail()
    expect(await ask(under.users.subgraph, key, '{ me { id email } }')).toEqual({
      data: { me: { id: adaId, email: 'ada@example.com' } },
    })
  })

  it('was made in the millisecond in which the address was confirmed', async () => {
    const { data } = await ask(under.users.subgraph, principals.ada ?? expect.fail(), '{ me { createdAt } }')
    expect(data).toEqual({ me: { createdAt: '2030-01-01T00:00:00.123Z' } })
  })

  it('reads nothing for the id alone', async () => {
    const from = under.database.asked.length
    await ask(under.users.subgraph, principals.ada ?? expect.fail(), '{ me { id } }')
    expect(under.database.asked.slice(from).filter((name) => !/^users_(outbox|mail)_/.test(name))).toEqual([])
  })
})
