/** Sessions as the tests run it: the whole subgraph on a Postgres database of its own, with the clock held still. */
import { systemEntropy as entropy, minuteMs, newId } from '@latchkey/clock'
import { clockAt, type HeldClock } from '@latchkey/clock/testing'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { aUser } from '@latchkey/principal/testing'
import { type Database, openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase } from '@latchkey/prisma/testing'
import { createKeyring, type Keyring, newKeyringMaterial } from '@latchkey/secrets'
import type { Client, SubgraphResponse } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'
import type { AttemptLimit } from './attempts/limits.ts'
import { connectRedis, hasRedis, type RedisFixture } from './redis.fixture.ts'
import { createSessionsSubgraph, type SessionsApplication, type SessionsDependencies } from './subgraph.ts'
import { runUsers, type UsersFixture } from './users.fixture.ts'

export const storeKinds = hasRedis ? (['memory', 'redis'] as const) : (['memory'] as const)
export type StoreKind = (typeof storeKinds)[number]

export interface Question {
  readonly principal?: Principal
  readonly variables?: Readonly<Record<string, unknown>>
  readonly client?: Client
}

/** One process. */
export interface RunningSessions extends SessionsApplication {
  ask(query: string, question?: Question): Promise<SubgraphResponse>
}

/** What the processes of one installation share. */
export interface Installation {
  readonly users: UsersFixture
  readonly database: Database
  readonly records: CredentialRecords
  readonly keyring: Keyring
  readonly clock: HeldClock
  readonly redis: RedisFixture | null
  /** Those of the processes, in the order they were started. */
  readonly connections: readonly RedisFixture[]
  /** One more process on the same stores, with connections of its own. */
  startProcess(own?: { keyring?: Keyring; attempts?: AttemptLimit }): Promise<RunningSessions>
  stop(): Promise<void>
}

export const issuer = 'https://id.example.org'
export const attemptLimit = { max: 10, windowMs: 15 * minuteMs, identifierMax: 100, networkMax: 10_000 }

export async function install(kind: StoreKind, overrides: Partial<SessionsDependencies> = {}): Promise<Installation> {
  const { url, drop } = await testDatabase()
  const database = openDatabase({ url, role: 'latchkey_sessions', poolMax: 4, patienceMs: storePatienceMs })
  const clock = clockAt('2030-01-01T00:00:00Z')
  const redis = kind === 'redis' ? await connectRedis({ clock }) : null
  const records = redis ? redisCredentialRecords(redis) : memoryCredentialRecords({ clock })
  const keyring = createKeyring(newKeyringMaterial(entropy), entropy)
  const users = runUsers()
  const shared = { database, records, clock, entropy, logger: silentLogger, users: users.transport, issuer }
  const connections: RedisFixture[] = []
  const running: SessionsApplication[] = []

  async function startProcess(own: { keyring?: Keyring; attempts?: AttemptLimit } = {}): Promise<RunningSessions> {
    const connection = redis && (await connectRedis({ prefix: redis.prefix, clock }))
    if (connection) connections.push(connection)
    const application = createSessionsSubgraph({
      auditKeptDays: 400,
      ...shared,
      keyring: own.keyring ?? keyring,
      records: connection ? redisCredentialRecords(connection) : records,
      store: connection ?? 'memory',
      attempts: own.attempts ?? attemptLimit,
      magicLinks: 'on',
      ...overrides,
    })
    running.push(application)
    await application.start()
    const ask: RunningSessions['ask'] = (query, { principal = anonymous, variables = {}, client } = {}) =>
      application.subgraph.execute({ query, variables, principal, requestId: newId(entropy, 'req'), client })
    return { ...application, ask }
  }

  async function stop(): Promise<void> {
    await Promise.all(running.map((application) => application.close()))
    for (const connection of redis ? [...connections, redis] : []) connection.redis.disconnect()
    await database.close()
    await drop()
  }

  return { users, database, records, keyring, clock, redis, connections, startProcess, stop }
}

export interface Pair {
  readonly __typename: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: string
  readonly refreshExpiresAt: string
  readonly deviceToken: string | null
  readonly session: { readonly id: string }
  readonly user: { readonly id: string }
}

const signInResult = `__typename
  ... on SignedIn { accessToken refreshToken expiresAt refreshExpiresAt deviceToken session { id } user { id } }
  ... on SignInRefused { remedy }`

const signInMutation = `mutation ($input: SignInInput!) { signIn(input: $input) { ${signInResult} } }`
const refreshMutation = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ${signInResult} } }`

export const correct = { email: 'ada@example.org', password: 'correct horse' }
export const wrong = { email: 'ada@example.org', password: 'incorrect horse' }

type Credentials = typeof correct & { readonly rememberMe?: boolean }

export const signIn = (
  { ask }: RunningSessions,
  input: Credentials = correct,
  client?: Client,
): Promise<SubgraphResponse> => ask(signInMutation, { variables: { input }, ...(client && { client }) })

export const refresh = ({ ask }: RunningSessions, refreshToken: string, client?: Client): Promise<SubgraphResponse> =>
  ask(refreshMutation, { variables: { input: { refreshToken } }, ...(client && { client }) })

/** What a mutation answered; fails the test when there is none. */
export function resultOf({ data, errors }: SubgraphResponse): Pair {
  const result = data?.signIn ?? data?.refreshSession
  if (!result || errors) throw new Error(`no result: ${JSON.stringify(errors)}`)
  return result as Pair
}

/** Signs in with the right password. */
export const signedIn = async (process: RunningSessions, input = correct): Promise<Pair> =>
  resultOf(await signIn(process, input))

/** The person a pair of tokens speaks for, as the gateway would pass them on. */
export const personOf = ({ session, user }: Pair, overrides: Partial<UserPrincipal> = {}): UserPrincipal =>
  aUser({ userId: user.id, sessionId: session.id, ...overrides })

export const codesOf = ({ errors }: SubgraphResponse): readonly unknown[] =>
  (errors ?? []).map(({ extensions }) => extensions?.code)

export interface AuditRow {
  readonly action: string
  readonly outcome: string
  readonly target: string
  readonly actor_kind: string
  readonly actor_id: string | null
  readonly on_behalf_of: string | null
}

export const auditOf = ({ database }: Installation): Promise<readonly AuditRow[]> =>
  database.query<AuditRow>(
    {
      name: 'test_audit',
      text: 'SELECT action, outcome, target, actor_kind, actor_id, on_behalf_of FROM sessions.audit_records ORDER BY at, id',
    },
    [],
  )
