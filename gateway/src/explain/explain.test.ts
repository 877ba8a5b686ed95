import { clockAt } from '@latchkey/clock/testing'
import { anonymous, type Principal } from '@latchkey/principal'
import type { Confinement } from '@latchkey/principal/confinement'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'
import {
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isUnionType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../authorize/key-access.ts'
import { defaultLimits } from '../authorize/operation-limits.ts'
import { usualCostTerms } from '../cost/judge-cost.ts'
import { composeEstate } from '../estate.fixture.ts'
import { planning } from '../execute/planning/planning.fixture.ts'
import type { IntrospectionMode } from '../introspection/mode.ts'
import { createPersistedOperations } from '../persisted/levels.ts'
import { createRegisteredOperations } from '../persisted/registered-operations.ts'
import type { Caller } from '../pipeline.ts'
import { createGraph } from '../supergraph/graph.ts'
import type { Change } from './change.ts'
import type { Explanation } from './explain.ts'
import type { ExplainInput } from './question.ts'
import type { KnownRole } from './role-catalogue.ts'
import { createExplainService } from './service.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const nowSeconds = clock.now().getTime() / 1_000

const role = (name: string, ownScopes: string[], includes: string[] = [], scopes = ownScopes): KnownRole => ({
  ...{ name, ownScopes, includes, scopes },
})
/** Every scope of the estate is given by one of them; `auditor` gives by way of `reader`. */
const roles: readonly KnownRole[] = [
  role('reader', ['profile:read', 'sessions:read']),
  role('writer', ['profile:write']),
  role('guard', ['vault:read', 'vault:open']),
  role('auditor', ['users:read'], ['reader'], ['users:read', 'profile:read', 'sessions:read']),
  role('keeper', ['secret:read', 'vault:admin']),
]

/** Roles as Users would list them to whoever may see them. */
const users: SubgraphTransport = async ({ principal }) =>
  principal.kind === 'user' && principal.scopes.includes('roles:read')
    ? { data: { roles } }
    : { data: null, errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }

const nobodyAsked: SubgraphTransport = async () => {
  throw new Error('a subgraph was asked')
}

let hrSaysYes = false

const graphWith = (introspection: IntrospectionMode) =>
  createGraph({
    supergraphSdl: composeEstate(),
    transports: { people: nobodyAsked, places: nobodyAsked, users },
    ...{
      limits: { ...defaultLimits, aliasesMax: 5 },
      clock,
      schemaDetails: 'open',
      introspection,
      logger: silentLogger,
    },
    ...{
      policies: { hr: () => hrSaysYes, office: () => true },
      authorization: 'reject',
      cost: usualCostTerms,
      planning,
    },
  })
const graph = graphWith('open')

interface Known {
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly active?: boolean
  readonly key?: Partial<ApiKeyRecord>
  /** What is left to the key. */
  readonly left?: number
  readonly mode?: 'development' | 'production'
  /** Whether operations are let in that nobody registered. */
  readonly registered?: boolean
}

/** Ada, and her key when there is one. */
async function houseOf({
  scopes = [],
  roles: held = [],
  active = true,
  key,
  left = 9,
  mode = 'development',
  registered = true,
}: Known) {
  const records = memoryCredentialRecords({ clock })
  await records.putGrants({ userId: 'usr_ada', epoch: 1, active, roles: held, scopes })
  const record: ApiKeyRecord = { ...aKeyRecord, ...key }
  await records.putApiKey(record)
  const limit = { name: 'default', limit: 60, windowMs: 60_000, burst: 20, remaining: left, resetMs: 0 }
  const service = createExplainService(
    {
      refusalOf: createPersistedOperations({
        level: registered ? 'off' : 'safelist',
        registered: () => createRegisteredOperations([], 1_000),
        logger: silentLogger,
      }).refusalOf,
      ...{
        records,
        clock,
        mode,
        logger: silentLogger,
        environment: 'test',
        loadGrants: async () => null,
        loadApiKey: async () => null,
      },
      budgets: {
        async spend(_key, cost) {
          expect(cost).toBe(0)
          return { outcome: 'SPENT', limits: [limit], usesLeft: null }
        },
      },
    },
    () => graph.reading,
  )
  const asker = (principal: Principal) => ({ principal, requestId: 'req_1', client: undefined })
  return {
    record,
    ask: (input: ExplainInput, principal: Principal) => service.explain(input, asker(principal)),
    /** As somebody who may know everything. */
    explain: (operation: string, as: ExplainInput['as'], more: Partial<ExplainInput> = {}, reading = graph.reading) =>
      service.explainTo({ operation, as, ...more }, { reading, roles }),
  }
}

const aKeyRecord: ApiKeyRecord = {
  ...{ keyId: 'Key000000001', version: 1, ownerId: 'usr_ada', secretMac: '', pepperId: '', scopes: [] },
  ...{ environment: 'test', expiresAtMs: null, revokedAtMs: null },
}
const ada = { userId: 'usr_ada' }
const hers = { apiKeyId: 'Key000000001' }
const person = (scopes: readonly string[]): Principal => ({
  ...{ kind: 'user', userId: 'usr_ada', sessionId: 'ses_ada', roles: ['reader'], scopes, amr: ['pwd'] },
  ...{ acr: 'aal1', authTime: nowSeconds },
})
const kindsOf = ({ smallestChanges }: Explanation) =>
  smallestChanges.map(({ changes }) => changes.map(({ kind }) => kind))

describe('an explanation', () => {
  it('names at each place the rule, where it stands and whose it is, and what is missing', async () => {
    const { explain } = await houseOf({ roles: ['auditor'], scopes: ['users:read', 'profile:read', 'sessions:read'] })
    const told = await explain('{ me { mail: email sessions { id } } secret }', ada)
    expect(told.decision).toBe('FORBIDDEN')
    expect(told.coordinates.map(({ path, coordinate, decision }) => [path.join('.'), coordinate, decision])).toEqual([
      ['me', 'Query.me', 'PERMITTED'],
      ['me.mail', 'User.email', 'PERMITTED'],
      ['me.sessions', 'User.sessions', 'PERMITTED'],
      ['me.sessions.id', 'Session.id', 'PERMITTED'],
      ['secret', 'Query.secret', 'FORBIDDEN'],
    ])
    expect(told.coordinates.at(-1)?.requirements).toEqual([
      {
        directive: '@requiresScopes(scopes: [["secret:read"]])',
        ...{ declaredAt: 'Secret', subgraphs: ['people'], fulfilled: false, scopes: [['secret:read']] },
      },
    ])
    expect(told.coordinates[2]?.subgraphs).toEqual(['places'])
  })

  it('names the ways from a role to a scope, and the roles that would give it', async () => {
    const { explain } = await houseOf({ roles: ['auditor'], scopes: ['users:read', 'profile:read', 'sessions:read'] })
    const { scopes } = await explain('{ me { sessions { id } } secret }', ada)
    expect(scopes).toEqual([
      {
        name: 'sessions:read',
        held: true,
        heldByKey: null,
        rolePaths: [['auditor', 'reader']],
        roles: ['reader', 'auditor'],
      },
      { name: 'secret:read', held: false, heldByKey: null, rolePaths: [], roles: ['keeper'] },
    ])
  })

  it('goes into a fragment as often as it is spread, and judges every type behind an interface', async () => {
    const { explain } = await houseOf({})
    const told = await explain('{ a: node(id: 1) { ...N } b: node(id: 2) { ...N } } fragment N on Node { id }', {
      anonymous: true,
    })
    expect(told.coordinates.map(({ path, decision }) => `${path.join('.')} ${decision}`)).toEqual([
      ...['a', 'a', 'a.id', 'b', 'b', 'b.id'].map((path) => expect.stringContaining(`${path} `)),
    ])
    expect(told.coordinates.find(({ path }) => path.join('.') === 'b.id')?.decision).toBe('UNAUTHENTICATED')
  })

  it('tells whoever may not list the roles no role, and everything else', async () => {
    const { ask } = await houseOf({})
    const told = await ask({ operation: '{ secret }' }, person([]))
    expect(told.scopes).toEqual([{ name: 'secret:read', held: false, heldByKey: null, rolePaths: null, roles: null }])
    expect(kindsOf(told)).toEqual([['GRANT_SCOPES']])
    const knowing = await ask({ operation: '{ secret }' }, person(['roles:read']))
    expect(knowing.smallestChanges[0]?.changes[0]).toMatchObject({ kind: 'GRANT_ROLE', roles: ['keeper'] })
  })

  it('tells in production nothing that the schema does not show, unless others may be explained', async () => {
    const { ask } = await houseOf({ mode: 'production' })
    const shown = async (scopes: string[]) => {
      const { coordinates } = await ask({ operation: '{ secret }' }, person(scopes))
      return [coordinates[0]?.subgraphs, coordinates[0]?.requirements[0]?.declaredAt]
    }
    expect(await shown([])).toEqual([null, null])
    expect(await shown(['access:explain'])).toEqual([['people'], 'Secret'])
  })

  it('of introspection by nobody, where it is filtered, names signing in', async () => {
    const { explain } = await houseOf({})
    const asNobody = (mode: IntrospectionMode) =>
      explain('{ __schema { queryType { name } } }', { anonymous: true }, {}, graphWith(mode).reading)
    const told = await asNobody('filtered')
    expect([told.decision, kindsOf(told)]).toEqual(['UNAUTHENTICATED', [['SIGN_IN']]])
    expect(await asNobody('open')).toMatchObject({ decision: 'PERMITTED', smallestChanges: [] })
  })

  it('reads an unknown account and an unknown key the same, and refuses what it cannot take', async () => {
    const { explain } = await houseOf({})
    await expect(explain('{ open }', { userId: 'usr_eve' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(explain('{ open }', { apiKeyId: 'nokey' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(
      explain(
        '{ open }',
        { userId: 'x'.repeat(101), roles: ['a'.repeat(101)], proofAgeSeconds: -1 },
        { variables: [] },
      ),
    ).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      facts: {
        fields: {
          'input.as': expect.any(String),
          'input.as.userId': expect.any(String),
          'input.as.roles': expect.any(String),
          'input.as.proofAgeSeconds': expect.any(String),
          'input.variables': expect.any(String),
        },
      },
    })
    await expect(explain('{ open }', { roles: ['nobodys'] })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

const key = (confinement: Confinement = {}, scopes: readonly string[] = []) => ({ key: { scopes, confinement } })
const cases: readonly [
  what: string,
  known: Known,
  as: ExplainInput['as'],
  operation: string,
  decision: string,
  changes: string,
][] = [
  ['nobody', {}, { anonymous: true }, '{ me { id } }', 'UNAUTHENTICATED', 'SIGN_IN'],
  ['a missing scope', {}, ada, '{ me { email } }', 'FORBIDDEN', 'GRANT_ROLE'],
  [
    'two that no one role gives',
    {},
    ada,
    'mutation { rename(name: "x") { email } }',
    'FORBIDDEN',
    'GRANT_ROLE GRANT_ROLE',
  ],
  [
    'a scope that the key lacks',
    { scopes: ['secret:read'], ...key() },
    hers,
    '{ secret }',
    'FORBIDDEN',
    'ADD_SCOPES_TO_KEY',
  ],
  ['a scope that its owner lacks', key({}, ['secret:read']), hers, '{ secret }', 'FORBIDDEN', 'GRANT_ROLE'],
  ['a scope that both lack', key(), hers, '{ secret }', 'FORBIDDEN', 'GRANT_ROLE ADD_SCOPES_TO_KEY'],
  [
    'an access list',
    key({ access: { allow: [], deny: [], accepted: ['Query.open'], denied: [] } }),
    hers,
    '{ count }',
    'FORBIDDEN',
    'WIDEN_ACCESS_LIST',
  ],
  [
    'a denied type',
    key({ access: { allow: [], deny: [], denied: ['User.*'] } }),
    hers,
    '{ me { id } }',
    'FORBIDDEN',
    'WIDEN_ACCESS_LIST',
  ],
  [
    'a value of an argument',
    key({ access: { allow: [], deny: [], denied: [], constants: { 'Query.count(by:)': ['1'] } } }),
    hers,
    '{ count(by: 2) }',
    'FORBIDDEN',
    'WIDEN_ACCESS_LIST',
  ],
  [
    'another operation',
    key({ operations: [digestOf('{ open }')] }),
    hers,
    '{ open count }',
    'FORBIDDEN',
    'BIND_OPERATION',
  ],
  ['a policy that says no', {}, ada, 'mutation { raise }', 'FORBIDDEN', 'SATISFY_POLICY'],
  ['a policy that says no to nobody', {}, { anonymous: true }, 'mutation { raise }', 'FORBIDDEN', 'SATISFY_POLICY'],
  ['no registered operation', { registered: false }, ada, '{ open }', 'QUERY_NOT_IN_SAFELIST', 'REGISTER_OPERATION'],
  [
    'a key for registered operations',
    key({ persistedOperations: 'SAFELIST' }),
    hers,
    '{ open }',
    'QUERY_NOT_IN_SAFELIST',
    'REGISTER_OPERATION',
  ],
  ['a weak proof', {}, ada, '{ vaulted }', 'STEP_UP_REQUIRED', 'STEP_UP'],
  ['a key that cannot prove', key(), hers, '{ vaulted }', 'FORBIDDEN', 'ASK_IN_PERSON STEP_UP'],
  ['an expired key', { key: { expiresAtMs: 1 } }, hers, '{ open }', 'CREDENTIAL_REJECTED', 'REPLACE_KEY'],
  ['a disabled key', { key: { disabledAtMs: 1 } }, hers, '{ open }', 'CREDENTIAL_REJECTED', 'ENABLE_KEY'],
  ['a suspended account', { active: false }, ada, '{ open }', 'CREDENTIAL_REJECTED', 'RESTORE_ACCOUNT'],
  ['a rate that is spent', { ...key(), left: 0 }, hers, '{ open }', 'RATE_LIMITED', 'WAIT'],
  ['too much', {}, ada, `{ ${'a: open '.repeat(6)} }`, 'OPERATION_TOO_COSTLY', 'SHRINK_OPERATION'],
  ['no field of the schema', {}, ada, '{ opn }', 'GRAPHQL_VALIDATION_FAILED', 'CORRECT_OPERATION'],
  ['no GraphQL', {}, ada, '{ open', 'GRAPHQL_PARSE_FAILED', 'CORRECT_OPERATION'],
]

describe('the smallest change', () => {
  it.each(cases)('for %s', async (_, known, as, operation, decision, changes) => {
    const { explain } = await houseOf(known)
    const told = await explain(operation, as)
    expect([told.decision, kindsOf(told)[0]?.join(' ')]).toEqual([decision, changes])
  })

  it('is told with the level of the key where that is what refuses', async () => {
    const { explain } = await houseOf(key({ persistedOperations: 'IDS_ONLY' }))
    const told = await explain('{ open }', hers)
    expect(told).toMatchObject({ decision: 'PERSISTED_QUERY_ID_REQUIRED', key: { persistedOperations: 'IDS_ONLY' } })
    expect(told.message).toContain('with this key')
    expect((await explain('{ open }', ada)).decision).toBe('PERMITTED')
  })

  it('tells all that are equally small, and of each the roles that permit least first', async () => {
    const { explain } = await houseOf({})
    const { smallestChanges } = await explain('{ me { email } }', ada)
    expect(smallestChanges.map(({ changes }) => changes[0])).toMatchObject([
      { scopes: ['profile:read'], roles: ['reader', 'auditor'] },
      { scopes: ['users:read'], roles: ['auditor'] },
    ])
  })

  it('is told of a bomb of fragments at once, and of a text that is too long', async () => {
    const { explain } = await houseOf({})
    const bomb = Array.from({ length: 40 }, (_, at) => `fragment F${at} on User { ...F${at + 1} ...F${at + 1} }`).join(
      ' ',
    )
    const told = await explain(`{ me { ...F0 } } ${bomb} fragment F40 on User { id }`, ada)
    expect([told.decision, told.coordinates]).toEqual(['OPERATION_TOO_COSTLY', []])
    expect(told.smallestChanges[0]?.changes[0]?.limits).toEqual(['FIELDS'])
    const long = await explain(`{ open } ${'#'.repeat(70_000)}`, ada)
    expect(long.smallestChanges[0]?.changes[0]?.limits).toEqual(['CHARACTERS'])
  })

  it('is found in time also where many scopes are given by many roles', async () => {
    const scopes = Array.from({ length: 20 }, (_, at) => `s${at}:read`)
    const many = Array.from({ length: 200 }, (_, at) =>
      role(
        `r${at}`,
        scopes.filter((__, bit) => (at * 7 + bit) % 5 === 0),
      ),
    )
    const { grants } = await import('./scope-changes.ts')
    const { createRoleCatalogue } = await import('./role-catalogue.ts')
    expect(grants(scopes, createRoleCatalogue(many)).length).toBeGreaterThan(0)
  })
})

/** What the caller is once somebody has really done what is told: by whole roles, and not by the scopes that were missing. */
function done({ principal, key: held }: Caller, change: Change): Caller {
  const more = roles.find(({ name }) => name === change.roles[0])?.scopes ?? change.scopes
  const scopesOf = (scopes: readonly string[]) => [...new Set([...scopes, ...more])]
  if (change.kind === 'SIGN_IN') return { principal: person(scopesOf([])) }
  if (change.kind === 'SATISFY_POLICY') {
    hrSaysYes = true
    return held ? { principal, key: held } : { principal }
  }
  if (change.kind === 'ASK_IN_PERSON') return { principal: person([...ownersScopes]) }
  if (change.kind === 'STEP_UP' && principal.kind === 'user')
    return { principal: { ...principal, acr: change.level === 'AAL2' ? 'aal2' : 'aal1', authTime: nowSeconds } }
  if (change.kind === 'GRANT_ROLE' && principal.kind === 'user')
    return { principal: { ...principal, scopes: scopesOf(principal.scopes) } }
  if (!held || principal.kind !== 'apiKey') throw new Error(`cannot ${change.kind}`)
  if (change.kind === 'GRANT_ROLE') for (const scope of more) ownersScopes.add(scope)
  const access = held.confinement?.access
  const after: ApiKeyRecord = {
    ...held,
    scopes: change.kind === 'ADD_SCOPES_TO_KEY' ? [...held.scopes, ...change.scopes] : held.scopes,
    confinement:
      access && change.kind === 'WIDEN_ACCESS_LIST'
        ? { access: { ...access, accepted: [...(access.accepted ?? []), ...change.coordinates] } }
        : (held.confinement ?? {}),
  }
  const scopes = after.scopes.filter((scope) => ownersScopes.has(scope))
  return { key: after, principal: { ...principal, scopes } }
}
let ownersScopes = new Set<string>()

const verdict = (query: string, caller: Caller): string => {
  try {
    const request = { method: 'POST', headers: {}, requestId: '', client: { address: '', userAgent: '' } } as const
    graph.authorize(
      { ...request, query, operationName: undefined, variables: {}, signal: new AbortController().signal },
      caller,
    )
    return 'PERMITTED'
  } catch (thrown) {
    return thrown instanceof Problem ? thrown.code : 'invalid'
  }
}

describe('of random operations by random callers', () => {
  it('the decision is that of authorize, its places say why, and its smallest change makes it pass and has nothing in it that is not needed', async () => {
    const random = randomFrom(11)
    const some = <Item>(all: readonly Item[]): Item[] => all.filter(() => random() < 0.4)
    const all = roles.flatMap(({ ownScopes }) => ownScopes)
    const decisions = new Map<string, number>()
    for (let turn = 0; turn < 400; turn++) {
      const operation = writeOperation(graph.schema, random)
      const owner = some(all)
      const accepted = some(graph.schema.getQueryType() ? coordinatesOf(graph.schema) : [])
      const confinement = random() < 0.5 ? { access: { allow: [], deny: [], accepted, denied: [] } } : {}
      const { explain, record } = await houseOf({ scopes: owner, key: { scopes: some(all), confinement } })
      const [as, caller] = pick(random, record, owner)
      const told = await explain(operation, as)
      decisions.set(told.decision, (decisions.get(told.decision) ?? 0) + 1)
      expect(told.decision, operation).toBe(verdict(operation, caller))
      if (told.decision === 'OPERATION_TOO_COSTLY') continue
      const isClean = told.coordinates.every((place) => place.decision === 'PERMITTED')
      const permitted = told.decision === 'PERMITTED'
      expect(isClean, operation).toBe(
        permitted || told.key?.refusedCoordinates.some((each) => each.includes('__')) === true,
      )
      if (permitted) continue
      expect(told.smallestChanges.length, operation).toBeGreaterThan(0)
      for (const { changes } of told.smallestChanges) {
        const after = (list: readonly Change[]) => {
          ownersScopes = new Set(owner)
          const changed = list.reduce(done, caller)
          const reached = verdict(operation, changed)
          hrSaysYes = false
          return reached
        }
        expect(after(changes), `${operation} ${JSON.stringify(changes)}`).toBe('PERMITTED')
        for (const left of changes) {
          const rest = changes.filter((change) => change !== left)
          if (left.kind !== 'SIGN_IN' && left.kind !== 'ASK_IN_PERSON')
            expect(after(rest), operation).not.toBe('PERMITTED')
        }
      }
    }
    for (const decision of ['PERMITTED', 'UNAUTHENTICATED', 'FORBIDDEN', 'STEP_UP_REQUIRED'])
      expect(decisions.get(decision), decision).toBeGreaterThan(10)
  })
})

function pick(random: () => number, record: ApiKeyRecord, owner: readonly string[]): [ExplainInput['as'], Caller] {
  const chance = random()
  if (chance < 0.15) return [{ anonymous: true }, { principal: anonymous }]
  if (chance < 0.5) return [ada, { principal: person([...owner]) }]
  const scopes = record.scopes.filter((scope) => owner.includes(scope))
  return [
    hers,
    { key: record, principal: { kind: 'apiKey', keyId: record.keyId, ownerId: 'usr_ada', scopes, restrictions: [] } },
  ]
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const coordinatesOf = (schema: GraphQLSchema): string[] =>
  Object.values(schema.getTypeMap()).flatMap((type) =>
    'getFields' in type && isCompositeType(type)
      ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
      : [],
  )

/** Valid, save that it may be too large. */
function writeOperation(schema: GraphQLSchema, random: () => number): string {
  const among = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)] as Item // never empty
  let aliases = 0
  const set = (type: GraphQLCompositeType, depth: number): string => {
    const parts = Array.from({ length: 1 + Math.floor(random() * 2) }, () =>
      isAbstractType(type) && random() < 0.5 ? narrowed(schema.getPossibleTypes(type), depth) : field(type, depth),
    )
    return `{ ${parts.join(' ')} }`
  }
  const narrowed = (possible: readonly GraphQLCompositeType[], depth: number): string => {
    const type = among(possible)
    return `... on ${type.name} ${set(type, depth)}`
  }
  const field = (type: GraphQLCompositeType, depth: number): string => {
    if (isUnionType(type)) return '__typename'
    const open = Object.values(type.getFields()).filter(
      ({ args, type: answer }) => args.length === 0 && (depth > 0 || !isCompositeType(getNamedType(answer))),
    )
    if (open.length === 0) return '__typename'
    const chosen = among(open)
    const named = getNamedType(chosen.type)
    return `a${aliases++}: ${chosen.name}${isCompositeType(named) ? ` ${set(named, depth - 1)}` : ''}`
  }
  const root = random() < 0.85 ? schema.getQueryType() : schema.getMutationType()
  return root ? `${root.name.toLowerCase()} ${set(root, 3)}` : ''
}
