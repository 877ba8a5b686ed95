/** A whole Users subgraph on a database of its own, for tests. */
import { minuteMs, systemEntropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { Principal } from '@latchkey/principal'
import { anonymous } from '@latchkey/principal'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { aService, aUser } from '@latchkey/principal/testing'
import { type Database, openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase } from '@latchkey/prisma/testing'
import { createKeyring, type KeyringMaterial, newKeyringMaterial, type Purpose } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import { silentLogger } from '@latchkey/telemetry'
import { type DataHolderFixture, runDataHolder } from './data-holders/data-holders.fixture.ts'
import { createUsersSubgraph, type UsersApplication, type UsersDependencies } from './subgraph.ts'

export const thePassword = 'correct horse battery staple'

/** Real hashes, and as cheap as they can be: these tests make thousands. */
export const hashCost = { memory: 1_024, passes: 1 }

/** The sealer's, the webhooks' and the cleanup's own: they belong to no request. */
const ofTheHouse = /^audit_users_(?:head|waiting|begin|extend|tail_\w+)$|^(?:users_webhook_work|cleanup_users)_/

/** What was asked of the database: the names of the statements, in order. */
export interface CountedDatabase extends Database {
  readonly asked: string[]
}

export function countingDatabase(database: Database): CountedDatabase {
  const asked: string[] = []
  const query: Database['query'] = (statement, values) => {
    if (!ofTheHouse.test(statement.name)) asked.push(statement.name)
    return database.query(statement, values)
  }
  return {
    asked,
    prisma: database.prisma,
    query,
    queryAlone: (lock, statement, values) => {
      asked.push(statement.name)
      return database.queryAlone(lock, statement, values)
    },
    // One statement for each set of keys asked in one turn, as the real one; it counts what leaves.
    batchedRead: (statement, keyOf) => batchedOver((keys) => query(statement, [keys]), keyOf),
    ping: () => database.ping(),
    close: () => database.close(),
  }
}

function batchedOver<Key extends string, Row>(read: (keys: Key[]) => Promise<Row[]>, keyOf: (row: Row) => Key) {
  let collecting: Key[] = []
  let leaving: Promise<Row[]> | undefined
  return async (key: Key): Promise<Row[]> => {
    collecting.push(key)
    leaving ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      const keys = [...new Set(collecting)]
      collecting = []
      leaving = undefined
      return read(keys)
    })
    return (await leaving).filter((row) => keyOf(row) === key)
  }
}

export interface UsersUnderTest {
  readonly users: UsersApplication
  readonly database: CountedDatabase
  readonly clock: ReturnType<typeof clockAt>
  readonly records: ReturnType<typeof memoryCredentialRecords>
  readonly material: KeyringMaterial
  /** The other data holders, all replicas' own. */
  readonly holders: Readonly<Record<'sessions' | 'api-keys', DataHolderFixture>>
  /** Another replica that delivers nothing unless it is woken. */
  unstarted(overrides?: Partial<UsersDependencies>): UsersApplication
  /** Another replica: its own process memory, the same database. */
  replica(overrides?: Partial<UsersDependencies>): UsersApplication
  close(): Promise<void>
}

export async function startUsers(overrides: Partial<UsersDependencies> = {}): Promise<UsersUnderTest> {
  const { url, drop } = await testDatabase()
  const database = countingDatabase(openDatabase({ url, role: 'latchkey_users', patienceMs: storePatienceMs }))
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  const material = newKeyringMaterial(systemEntropy)
  const holders = { sessions: runDataHolder('sessions'), 'api-keys': runDataHolder('api-keys') }
  const built: UsersApplication[] = []
  const unstarted = (own: Partial<UsersDependencies> = {}) => {
    const users = createUsersSubgraph({
      auditKeptDays: 400,
      database,
      records,
      keyring: createKeyring(material, systemEntropy),
      clock,
      entropy: systemEntropy,
      logger: silentLogger,
      hashing: { parallel: 2, queueMax: 500 },
      hashCost,
      publicUrl: 'http://localhost:4000/',
      mailer: 'mailbox',
      dataHolders: { sessions: holders.sessions.transport, 'api-keys': holders['api-keys'].transport },
      ...overrides,
      ...own,
    })
    built.push(users)
    return users
  }
  const replica = (own: Partial<UsersDependencies> = {}) => {
    const users = unstarted(own)
    users.start()
    return users
  }
  return {
    users: replica(),
    database,
    clock,
    records,
    material,
    holders,
    unstarted,
    replica,
    async close() {
      await Promise.all(built.map((users) => users.close()))
      await database.close()
      await drop()
    },
  }
}

/** The same keyring after a newer version of these secrets was added. */
export function rotated(material: KeyringMaterial, ...some: readonly Purpose[]): KeyringMaterial {
  const newer = newKeyringMaterial(systemEntropy)
  const both = some.map((purpose) => [purpose, [...(newer[purpose] ?? []), ...(material[purpose] ?? [])]])
  return { ...material, ...Object.fromEntries(both) }
}

export const register = (users: UsersApplication, email: string, input: Record<string, string> = {}) =>
  ask(users.subgraph, anonymous, 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }', {
    input: { email, password: thePassword, displayName: 'Ada', ...input },
  })

export const verify = (users: UsersApplication, token: string) =>
  ask(users.subgraph, anonymous, 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { outcome } }', {
    input: { token },
  })

export const check = (
  users: UsersApplication,
  email: string,
  password: string,
  principal: Principal = aService('sessions'),
) =>
  ask(
    users.subgraph,
    principal,
    'query ($email: String!, $password: String!) { checkPassword(email: $email, password: $password) { outcome userId } }',
    { email, password },
  )

/** Asks now and then, so that whoever is waited for has the machine; gives up after a minute. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + minuteMs
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Resolves with the mails to an address when there are so many. */
export async function mailsTo(users: UsersApplication, address: string, count = 1) {
  const mails = async () => (await users.mail?.mails(address)) ?? []
  await until(async () => (await mails()).length >= count)
  return mails()
}

export const tokenIn = (text: string | undefined): string => /token=([\w-]+)/.exec(text ?? '')?.[1] ?? ''

/** One root field of an answer. The test names its type; a wrong one fails the test. */
export const field = <Value>(data: Record<string, unknown> | null | undefined, name: string): Value =>
  data?.[name] as Value

/** Registers, confirms, and answers who that is when signed in. */
export async function aMember(users: UsersApplication, email: string, input: Record<string, string> = {}) {
  await register(users, email, input)
  const mail = (await mailsTo(users, email)).at(-1)
  await verify(users, tokenIn(mail?.text))
  const { data } = await check(users, email, input.password ?? thePassword)
  const userId = field<{ userId: string }>(data, 'checkPassword').userId
  return aUser({ userId, sessionId: `ses_${userId}` })
}
