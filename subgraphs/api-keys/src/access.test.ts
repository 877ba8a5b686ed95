import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { fieldsOf, ruleFor, unguardedFields } from '@latchkey/subgraph/guard'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from './application.fixture.ts'
import { rules as apiKeysRules } from './graph.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const owner = aUser({ userId: 'usr_ada' })
const principals: Record<string, Principal> = {
  anonymous,
  gateway: aService('gateway', ['keys:admin']),
  service: aService('sessions', ['keys:admin', 'keys:read', 'keys:write']),
  owner,
  bareOwner: aUser({ userId: 'usr_ada', scopes: ['profile:read'] }),
  writer: aUser({ userId: 'usr_ada', scopes: ['keys:write'] }),
  key: anApiKey({ ownerId: 'usr_ada', scopes: ['keys:read'] }),
  bareKey: anApiKey({ ownerId: 'usr_ada', scopes: ['profile:read'] }),
  other: aUser({ userId: 'usr_eve' }),
  admin: aUser({ userId: 'usr_root', scopes: ['keys:admin'] }),
}

/** One verdict for each of the principals, in their order. */
type Row = readonly [string, string]
const code = { U: 'UNAUTHENTICATED', F: 'FORBIDDEN', N: 'NOT_FOUND', o: 'ok' } as const

const read = 'UFF oFF oF oo'
const theirs = 'UFF oFF oF No'
const ended = 'UFF oFo FF oo'
const administratorOnly = 'UFF FFF FF Fo'
const gatewayOnly = 'UoF FFF FF FF'
// The service that may is asked in privacy/privacy.test.ts, withdrawal/withdrawal.test.ts and verification/verify.test.ts.
const nobodyHere = 'UFF FFF FF FF'
const table: readonly Row[] = [
  ['Query.apiKey', read],
  ['Query.apiKeys', read],
  ['Query.apiKeyRecord', gatewayOnly],
  ['Mutation.createApiKey', 'UFF oFo FF oF'],
  ['Mutation.revokeApiKey', ended],
  ['Mutation.updateApiKey', 'UFF oFo FF oF'],
  ['Mutation.disableApiKey', 'UFF oFo FF oo'],
  ['Mutation.enableApiKey', 'UFF oFo FF oo'],
  ['Mutation.rotateApiKey', 'UFF oFo FF oF'],
  ...['UpdateApiKeyPayload', 'DisableApiKeyPayload', 'EnableApiKeyPayload', 'RotateApiKeyPayload'].map(
    (type): Row => [`${type}.apiKey`, 'ooo ooo oo oo'],
  ),
  ['RotateApiKeyPayload.secret', 'ooo ooo oo oo'],
  ['User.id', 'UFF ooo oo oo'],
  ['User.apiKeys', theirs],
  ['ApiKey.id', 'UFF ooo oo No'],
  ['ApiKey.name', theirs],
  ['ApiKey.description', theirs],
  ['ApiKey.metadata', theirs],
  ['ApiKey.disabledAt', theirs],
  ['ApiKey.successor', theirs],
  ['ApiKey.resources', theirs],
  ['ApiKey.networks', theirs],
  ['ApiKey.origins', theirs],
  ['ApiKey.access', theirs],
  ['ApiKey.operations', theirs],
  ['ApiKey.persistedOperations', theirs],
  ...['allow', 'deny', 'accepted', 'stale', 'pending'].map((name): Row => [`ApiKeyAccess.${name}`, 'ooo ooo oo oo']),
  ['Mutation.acceptApiKeyFields', 'UFF oFo FF oF'],
  ['AcceptApiKeyFieldsPayload.apiKey', 'ooo ooo oo oo'],
  ...['rateLimits', 'uses', 'usesLeft'].map((field): Row => [`ApiKey.${field}`, theirs]),
  ...['name', 'limit', 'windowSeconds', 'burst', 'remaining', 'resetAt', 'unit'].map(
    (field): Row => [`ApiKeyRateLimit.${field}`, read],
  ),
  ...['limit', 'left', 'refill', 'refillsAt'].map((field): Row => [`ApiKeyUses.${field}`, read]),
  ...['issue', 'periodMs', 'spent'].map((field): Row => [`ApiKeyUsesSpent.${field}`, gatewayOnly]),
  ['Query.apiKeyUsesSpent', gatewayOnly],
  ['ApiKey.predecessor', theirs],
  ['ApiKey.owner', theirs],
  ['Query.unusedApiKeys', read],
  ['Mutation.revokeApiKeys', 'UFF oFo FF oo'],
  ...['revoked', 'remaining', 'apiKeys'].map((field): Row => [`RevokeApiKeysPayload.${field}`, 'ooo ooo oo oo']),
  ['ApiKey.prefix', theirs],
  ['ApiKey.lastFour', theirs],
  ['ApiKey.scopes', theirs],
  ['ApiKey.status', theirs],
  ['ApiKey.createdAt', theirs],
  ['ApiKey.expiresAt', theirs],
  ['ApiKey.revokedAt', theirs],
  ['ApiKeyConnection.edges', read],
  ['ApiKeyConnection.nodes', read],
  ['ApiKeyConnection.pageInfo', read],
  ['ApiKeyEdge.cursor', read],
  ['ApiKeyEdge.node', read],
  ['PageInfo.hasNextPage', read],
  ['PageInfo.hasPreviousPage', read],
  ['PageInfo.startCursor', read],
  ['PageInfo.endCursor', read],
  ['CreateApiKeyPayload.apiKey', 'UFF ooo FF oo'],
  ['CreateApiKeyPayload.secret', 'UFF ooo FF oo'],
  ['RevokeApiKeyPayload.apiKey', ended],
  ['Query.apiKeyUsageCsv', read],
  ['Subscription.apiKeyUsed', 'UFF oFF oF oF'],
  ...['apiKey', 'at', 'uses', 'refused'].map((field): Row => [`ApiKeyUsed.${field}`, 'ooo ooo oo oo']),
  ...['usage', 'topOperations', 'deniedRequests', 'lastUsedAt', 'lastUsedOperation', 'unusedGrants'].map(
    (field): Row => [`ApiKey.${field}`, theirs],
  ),
  ...['at', 'group', 'requests', 'errors', 'denied', 'p50', 'p95', 'p99'].map(
    (field): Row => [`ApiKeyUsagePoint.${field}`, read],
  ),
  ...['operation', 'requests', 'errors', 'denied', 'p50', 'p95', 'p99'].map(
    (field): Row => [`ApiKeyOperationUsage.${field}`, read],
  ),
  ...['reason', 'operation', 'requests', 'lastAt'].map((field): Row => [`ApiKeyDenial.${field}`, read]),
  ...['since', 'scopes', 'coordinates'].map((field): Row => [`ApiKeyUnusedGrants.${field}`, read]),
  ...['csv', 'rows'].map((field): Row => [`ApiKeyUsageCsv.${field}`, read]),
  ['Query.personalData', nobodyHere],
  ['Query.auditRecords', nobodyHere],
  ['Query.auditTail', nobodyHere],
  ['Mutation.eraseUser', nobodyHere],
  ['PersonalData.holder', nobodyHere],
  ['PersonalData.document', nobodyHere],
  ['ErasureReceipt.holder', nobodyHere],
  ['ErasureReceipt.userId', nobodyHere],
  ['ErasureReceipt.forgotten', nobodyHere],
  ['Mutation.withdrawApiKeys', nobodyHere],
  ['Mutation.verifyApiKey', nobodyHere],
  ...[
    'keyId',
    'ownerId',
    'name',
    'scopes',
    'metadata',
    'environment',
    'expiresAt',
    'resources',
    'rateLimits',
    'usesLeft',
  ].map((field): Row => [`ApiKeyValid.${field}`, nobodyHere]),
  ...['code', 'message', 'retryAfterMs', 'key'].map((field): Row => [`ApiKeyRefused.${field}`, nobodyHere]),
  ...['keyId', 'ownerId'].map((field): Row => [`PresentedApiKey.${field}`, nobodyHere]),
  ['ApiKeyWithdrawal.userId', nobodyHere],
  ['ApiKeyWithdrawal.withdrawn', nobodyHere],
  ['Mutation.exportApiKeys', administratorOnly],
  ['Mutation.importApiKeys', administratorOnly],
  ...['file', 'keys', 'ndjson'].map((field): Row => [`ExportApiKeysPayload.${field}`, 'ooo ooo oo oo']),
  ...['mode', 'outcome', 'added', 'updated', 'same', 'conflicting', 'refused', 'rows'].map(
    (field): Row => [`ImportApiKeysPayload.${field}`, 'ooo ooo oo oo'],
  ),
  ...['line', 'outcome', 'apiKeyId', 'reason'].map((field): Row => [`ImportedApiKeyRow.${field}`, 'ooo ooo oo oo']),
  ['Mutation.recogniseForeignKey', gatewayOnly],
  ['Mutation.rehashApiKey', gatewayOnly],
  ...[
    'keyId',
    'version',
    'ownerId',
    'secretMac',
    'pepperId',
    'scopes',
    'confinement',
    'environment',
    'expiresAt',
    'disabledAt',
    'revokedAt',
    'successorId',
  ].map((field): Row => [`ApiKeyRecord.${field}`, gatewayOnly]),
]

const cells = table.flatMap(([coordinate, row]) => {
  const verdicts = [...row.replaceAll(' ', '')] as (keyof typeof code)[]
  return Object.keys(principals).map((name, at) => [coordinate, name, code[verdicts[at] ?? 'F']] as const)
})

/** Ada's account, and a key of hers: the two things a field can be asked of. */
const parent = { id: 'usr_ada', ownerId: 'usr_ada' }

describe('each field, asked by each kind of principal', () => {
  it.each(cells)('%s by %s is %s', async (coordinate, name, expected) => {
    const at = fieldsOf(app.subgraph.schema).find((field) => field.coordinate === coordinate)
    const principal = principals[name] ?? anonymous
    const verdict = at && (await ruleFor(apiKeysRules, at).judge(parent, {}, { principal, requestId: 'req_test' }))
    expect(verdict instanceof Problem ? verdict.code : verdict).toBe(expected === 'ok' ? true : expected)
  })

  it('leaves no field out, and no field without a rule', () => {
    const fields = fieldsOf(app.subgraph.schema).map(({ coordinate }) => coordinate)
    const federations = ['Query._entities', 'Query._service', '_Service.sdl']
    expect([...table.map(([coordinate]) => coordinate), ...federations].sort()).toEqual([...fields].sort())
    expect(unguardedFields(app.subgraph.schema, apiKeysRules)).toEqual([])
  })
})

describe('whole operations', () => {
  let keyId = ''
  beforeAll(async () => {
    keyId = (await app.create(owner)).id
  })
  const entity = (typename: string, id: string, field: string) => [
    `query ($them: [_Any!]!) { _entities(representations: $them) { ... on ${typename} { ${field} } } }`,
    { them: [{ __typename: typename, id }] },
  ]
  const operations: Record<string, () => readonly [string, Record<string, unknown>?]> = {
    apiKey: () => [`{ apiKey(id: "${keyId}") { id name } }`],
    apiKeys: () => ['{ apiKeys { nodes { id name } } }'],
    others: () => ['{ apiKeys(filter: { ownerId: "usr_bob" }) { nodes { id } } }'],
    apiKeyRecord: () => [`{ apiKeyRecord(id: "${keyId}") { secretMac } }`],
    keyEntity: () => entity('ApiKey', keyId, 'name') as [string, Record<string, unknown>],
    userEntity: () => entity('User', 'usr_ada', 'apiKeys { name }') as [string, Record<string, unknown>],
  }

  it.each([
    ['apiKey', 'UFF oFF oF No'],
    ['apiKeys', 'UFF oFF oF oo'],
    ['others', 'UFF FFF FF Fo'],
    ['apiKeyRecord', 'UoF FFF FF FF'],
    ['keyEntity', 'UFF oFF oF No'],
    ['userEntity', 'UFF oFF oF No'],
  ])('%s: %s', async (name, row) => {
    const verdicts = [...row.replaceAll(' ', '')] as (keyof typeof code)[]
    const [query, variables] = operations[name]?.() ?? ['{ __typename }']
    const answers = await Promise.all(
      Object.values(principals).map(async (principal) => {
        const { errors } = await app.ask(principal, query, variables)
        return errors?.[0]?.extensions?.code ?? 'ok'
      }),
    )
    expect(answers).toEqual(verdicts.map((verdict) => code[verdict]))
  })

  it('says nothing of a key to whoever may not see it', async () => {
    const { errors, data } = await app.ask(
      principals.other ?? anonymous,
      `{ apiKey(id: "${keyId}") { id name prefix scopes } }`,
    )
    expect(data).toEqual({ apiKey: null })
    expect(JSON.stringify(errors)).not.toContain(keyId)
  })
})
