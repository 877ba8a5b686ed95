/** ApiKeys as the tests run it: the whole subgraph on a Postgres database of its own, with the clock held still. */
import { dayMs, systemEntropy as entropy } from '@latchkey/clock'
import { clockAt, type HeldClock } from '@latchkey/clock/testing'
import type { Principal } from '@latchkey/principal'
import { budgetTerms, usualRates } from '@latchkey/principal/budget-terms'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import type { CountedBudgets } from '@latchkey/principal/key-budgets'
import { memoryKeyBudgets } from '@latchkey/principal/key-budgets.memory'
import { createKeyThrottle } from '@latchkey/principal/key-throttle'
import type { UsageStream } from '@latchkey/principal/key-usage'
import { memoryUsageStream } from '@latchkey/principal/key-usage.memory'
import { wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { memoryWrongKeys } from '@latchkey/principal/wrong-keys.memory'
import { type Database, openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase } from '@latchkey/prisma/testing'
import { readPublicGraph } from '@latchkey/public-graph'
import { createKeyring, type Keyring, newKeyringMaterial } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { type Logger, silentLogger } from '@latchkey/telemetry'
import { type ApiKeysApplication, createApiKeysSubgraph, usesWrittenIn } from './subgraph.ts'
import { scopeRequirementsIn } from './usage/scope-requirements.ts'
import { runUsers, type UsersFixture } from './users.fixture.ts'

export const scopes = ['profile:read', 'sessions:read', 'keys:read', 'keys:write', 'keys:admin', 'orders:read']

/** What keys can be let ask, until a test says otherwise. */
export const graphSdl = `
  directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT
  type Query {
    me: User @requiresScopes(scopes: [["profile:read"]])
    orders(customerId: ID, first: Int = 10, ids: [ID!]): [Order!] @requiresScopes(scopes: [["orders:read"], ["keys:admin"]])
    node(id: ID!): Node
  }
  type Mutation { cancel(id: ID!): Order }
  interface Node { id: ID! }
  type User { id: ID! keys: [String!] @requiresScopes(scopes: [["keys:read"], ["keys:admin"]]) }
  type Order implements Node { id: ID! total: Int internalNotes: String @requiresScopes(scopes: [["keys:admin"]]) lines(first: Int): [Line!] }
  type Line { sku: String }
`

export interface RunningApiKeys extends ApiKeysApplication {
  readonly database: Database
  readonly records: CredentialRecords
  readonly budgets: CountedBudgets
  readonly keyring: Keyring
  readonly clock: HeldClock
  /** What Users says of an account when it is asked. */
  readonly grantsTold: Map<string, object>
  readonly usageStream: UsageStream
  /** As much of Users as is asked here. */
  readonly users: UsersFixture
  /** Another replica: its own process memory, the same database. */
  replica(): ApiKeysApplication
  ask(principal: Principal, query: string, variables?: Record<string, unknown>): Promise<SubgraphResponse>
  /** Makes a key and gives what the caller got. */
  create(principal: Principal, input?: Record<string, unknown>): Promise<{ id: string; secret: string }>
  /** Composes anew: from now on this is the graph. */
  compose(sdl: string): void
  revoke(principal: Principal, id: string): Promise<SubgraphResponse>
  stop(): Promise<void>
}

export interface Arrangement {
  /** Takes the place of the records that the subgraph writes to. */
  readonly recordsOver?: (records: CredentialRecords) => CredentialRecords
  readonly poolMax?: number
  readonly logger?: Logger
  /** One that another house holds, too. */
  readonly keyring?: Keyring
}

/** What the graph of these tests asks for. */
const requirements =
  scopeRequirementsIn(`schema @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY) { query: Query }
type Query {
  me: User @requiresScopes(scopes: [["profile:read"]])
  apiKeys: Int @requiresScopes(scopes: [["keys:read"], ["keys:admin"]])
} type User { id: ID }`)

/** As it is once the uses of a key are counted. */
export const usedNow = ({ database, clock }: RunningApiKeys, keyId: string): PromiseLike<unknown> =>
  database.prisma.lastUse.upsert({
    where: { keyId },
    create: { keyId, at: clock.now(), operationId: '' },
    update: { at: clock.now() },
  })

const createQuery = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }`
const revokeQuery = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id status revokedAt } } }`

export async function runApiKeys({
  recordsOver = (same) => same,
  poolMax = 10,
  logger = silentLogger,
  keyring = createKeyring(newKeyringMaterial(entropy), entropy),
}: Arrangement = {}): Promise<RunningApiKeys> {
  const { url, drop } = await testDatabase()
  const database = openDatabase({ url, role: 'latchkey_api_keys', poolMax, patienceMs: storePatienceMs })
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  const usageStream = memoryUsageStream({ clock })
  const loadUsesSpent = usesWrittenIn(database)
  const budgets = memoryKeyBudgets({ clock, terms: budgetTerms(usualRates), loadUsesSpent })
  const grantsTold = new Map<string, object>()
  const users = runUsers()
  let graph = readPublicGraph(graphSdl)
  const replica = () =>
    createApiKeysSubgraph({
      auditKeptDays: 400,
      database,
      records: recordsOver(records),
      budgets,
      keyring,
      clock,
      entropy,
      logger,
      environment: 'test',
      scopesInGraph: () => scopes,
      // Whole grants are told as they are; everything else is asked of as much of Users as there is.
      users: async (request) =>
        request.query.includes('epoch')
          ? { data: { grants: grantsTold.get(String(request.variables.userId)) ?? null } }
          : users.transport(request),
      throttle: createKeyThrottle({
        store: memoryWrongKeys({ clock }),
        budget: wrongKeysIn(100),
        peppers: keyring,
        clock,
      }),
      publicGraph: () => graph,
      usageStream,
      usageKept: { minutes: 2 * dayMs, hours: 30 * dayMs, days: 400 * dayMs },
      requirementsInGraph: () => requirements,
      noticePauseMs: 3_600_000,
    })
  const application = replica()
  const asking: RunningApiKeys['ask'] = (principal, query, variables = {}) =>
    ask(application.subgraph, principal, query, variables)

  return {
    ...application,
    database,
    records,
    budgets,
    keyring,
    clock,
    grantsTold,
    usageStream,
    users,
    replica,
    ask: asking,
    async create(principal, input = {}) {
      const answer = await asking(principal, createQuery, { input: { name: 'ci', scopes: ['keys:read'], ...input } })
      if (answer.errors) throw Object.assign(new Error(answer.errors[0]?.message), { answer })
      // The query asks exactly this.
      const { createApiKey } = answer.data as { createApiKey: { apiKey: { id: string }; secret: string } }
      return { id: createApiKey.apiKey.id, secret: createApiKey.secret }
    },
    compose(sdl) {
      graph = readPublicGraph(sdl)
    },
    revoke: (principal, id) => asking(principal, revokeQuery, { input: { id, reason: 'test' } }),
    async stop() {
      await application.close()
      await database.close()
      await drop()
    },
  }
}
