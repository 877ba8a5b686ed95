/** ApiKeys as the tests run it: the whole subgraph on a Postgres database of its own, with the clock held still. */
import { systemEntropy as entropy } from '@latchkey/clock'
import { clockAt, type HeldClock } from '@latchkey/clock/testing'
import type { Principal } from '@latchkey/principal'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { type Database, openDatabase } from '@latchkey/prisma'
import { testDatabase } from '@latchkey/prisma/testing'
import { createKeyring, type Keyring, newKeyringMaterial } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'
import { type ApiKeysApplication, createApiKeysSubgraph } from './subgraph.ts'
import { runUsers, type UsersFixture } from './users.fixture.ts'

export const scopes = ['profile:read', 'sessions:read', 'keys:read', 'keys:write', 'keys:admin', 'orders:read']

export interface RunningApiKeys extends ApiKeysApplication {
  readonly database: Database
  readonly records: CredentialRecords
  readonly keyring: Keyring
  readonly clock: HeldClock
  /** As much of Users as is asked here. */
  readonly users: UsersFixture
  /** Another replica: its own process memory, the same database. */
  replica(): ApiKeysApplication
  ask(principal: Principal, query: string, variables?: Record<string, unknown>): Promise<SubgraphResponse>
  /** Makes a key and gives what the caller got. */
  create(principal: Principal, input?: Record<string, unknown>): Promise<{ id: string; secret: string }>
  revoke(principal: Principal, id: string): Promise<SubgraphResponse>
  stop(): Promise<void>
}

export interface Arrangement {
  /** Takes the place of the records that the subgraph writes to. */
  readonly recordsOver?: (records: CredentialRecords) => CredentialRecords
  readonly poolMax?: number
}

const createQuery = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }`
const revokeQuery = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id status revokedAt } } }`

export async function runApiKeys({
  recordsOver = (same) => same,
  poolMax = 10,
}: Arrangement = {}): Promise<RunningApiKeys> {
  const { url, drop } = await testDatabase()
  const database = openDatabase({ url, role: 'latchkey_api_keys', poolMax })
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  const keyring = createKeyring(newKeyringMaterial(entropy), entropy)
  const users = runUsers()
  const replica = () =>
    createApiKeysSubgraph({
      database,
      records: recordsOver(records),
      keyring,
      clock,
      entropy,
      logger: silentLogger,
      environment: 'test',
      scopesInGraph: () => scopes,
      users: users.transport,
      noticePauseMs: 3_600_000,
    })
  const application = replica()
  const asking: RunningApiKeys['ask'] = (principal, query, variables = {}) =>
    ask(application.subgraph, principal, query, variables)

  return {
    ...application,
    database,
    records,
    keyring,
    clock,
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
    revoke: (principal, id) => asking(principal, revokeQuery, { input: { id, reason: 'test' } }),
    async stop() {
      await application.close()
      await database.close()
      await drop()
    },
  }
}
