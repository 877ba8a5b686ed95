import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../client.ts'
import { applyMigrations, migrationsFolder, readMigrations } from '../migrations.ts'
import { storePatienceMs, type TestDatabase, testDatabase } from '../testing.ts'
import { inOrder, schemas, type Table } from './catalogue.ts'
import { type Aftermath, loadSnapshot, type SnapshotFacts, withSnapshot } from './snapshot.ts'

interface Copied {
  readonly facts: SnapshotFacts
  readonly rows: ReadonlyMap<string, Buffer>
}

const on = async <Row extends object>(url: string, text: string): Promise<Row[]> => {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

async function aDatabase(): Promise<TestDatabase> {
  const database = await testDatabase()
  onTestFinished(() => database.drop())
  return database
}

const copyOf = (url: string): Promise<Copied> =>
  withSnapshot(url, async ({ facts, copy }) => {
    const rows = new Map<string, Buffer>()
    for (const table of facts.tables) {
      const chunks: Buffer[] = []
      for await (const piece of copy(table)) if (piece.kind === 'rows') chunks.push(piece.bytes)
      rows.set(table.name, Buffer.concat(chunks))
    }
    return { facts, rows }
  })

async function* bytesOf(rows: Buffer | undefined) {
  if (rows && rows.length > 0) yield rows
}

interface LoadOptions {
  readonly over?: 'empty' | 'whatever is there'
  readonly facts?: SnapshotFacts
  readonly aftermath?: Aftermath
  readonly beforeCommit?: () => Promise<void>
}

const load = (url: string, { facts, rows }: Copied, options: LoadOptions = {}) =>
  loadSnapshot(url, { facts, over: 'whatever is there', beforeCommit: async () => {}, ...options }, async (room) => {
    for (const table of facts.tables) await room.load(table, bytesOf(rows.get(table.name)))
  })

/** An account, its key and a use of it in a partition. */
const person = (id: string) => `
  INSERT INTO users.accounts (id, status, email, display_name, created_at) VALUES ('${id}', 'active', E'tab\\t line\\n back\\\\', 'Ä', now());
  INSERT INTO users.role_grants (account_id, role, granted_at) VALUES ('${id}', 'admin', now());
  INSERT INTO api_keys.api_keys (id, owner_id, name, last_four, secret_mac, pepper_id, scopes, environment, created_at, expires_at)
    VALUES ('key_${id}', '${id}', 'n', 'abcd', '\\x00ff', 'p', '{a,"b c",NULL}', 'test', now(), now());
  SELECT api_keys.keep_usage_partitions('usage_days', '{2026-01-05}', '2026-01-01');
  INSERT INTO api_keys.usage_days (key_id, at, operation_id, outcome, subgraphs, requests)
    VALUES ('key_${id}', '2026-01-05T00:00:00Z', 'o', 'served', 'users', 7)`

const dropAll = `DROP SCHEMA ${schemas.join(', ')} CASCADE; DROP TABLE _prisma_migrations`

const idsIn = async (url: string) =>
  (await on<{ id: string }>(url, 'SELECT id FROM users.accounts ORDER BY id')).map(({ id }) => id)

let source: TestDatabase

beforeAll(async () => {
  source = await testDatabase()
  await on(source.url, person('ada'))
})
afterAll(() => source.drop())

it('knows every schema that migrations make', () => {
  const made = readMigrations().flatMap(({ sql }) => [...sql.matchAll(/CREATE SCHEMA (?:IF NOT EXISTS )?"?(\w+)/g)])
  const named = new Set(made.map(([, name]) => name))
  expect([...named].filter((name) => name !== 'public').sort()).toEqual([...schemas].sort())
})

describe('the order of tables', () => {
  const table = (name: string): Table => ({ name, columns: [] })
  it('puts each behind those it refers to', () => {
    const references = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ]
    expect(inOrder(['a', 'b', 'c'].map(table), references).map(({ name }) => name)).toEqual(['c', 'b', 'a'])
  })
  it('is refused where there is none', () => {
    const references = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ]
    expect(() => inOrder(['a', 'b'].map(table), references)).toThrow('in a circle: a,b')
  })
})

describe('a snapshot', () => {
  it('brings every row back as it was, partitions and roles among them, into a database that has never been migrated', async () => {
    const copied = await copyOf(source.url)
    const target = await aDatabase()
    await on(target.url, dropAll)
    await load(target.url, copied, { over: 'empty' })
    const restored = await copyOf(target.url)
    expect(restored.facts).toEqual(copied.facts)
    const moved = ['users.accounts', 'api_keys.api_keys']
    for (const [table, bytes] of copied.rows)
      if (!moved.includes(table)) expect(restored.rows.get(table)?.toString(), table).toBe(bytes.toString())
    expect(restored.rows.get('api_keys.usage_days')?.toString()).toContain('key_ada')
    expect(await on(target.url, 'SELECT email, display_name FROM users.accounts')).toEqual([
      { email: 'tab\t line\n back\\', display_name: 'Ä' },
    ])
  })

  it('is of one moment: what is committed while it is read is not in it', async () => {
    const database = await aDatabase()
    await on(database.url, person('ada'))
    const rows = await withSnapshot(database.url, async ({ facts, copy }) => {
      await on(database.url, person('bob'))
      let count = 0
      for (const table of facts.tables)
        for await (const piece of copy(table))
          if (piece.kind === 'end' && table.name === 'users.accounts') count += piece.rows
      return count
    })
    expect(rows).toBe(1)
    expect(await idsIn(database.url)).toEqual(['ada', 'bob'])
  })

  it('ends what may have ended since: sessions, trusted devices, links, and whatever copies of grants and keys are about', async () => {
    const target = await aDatabase()
    await load(target.url, await copyOf(source.url))
    expect(
      await on(target.url, 'SELECT session_epoch > 1000 AS s, grants_epoch > 1000 AS g FROM users.accounts'),
    ).toEqual([{ s: true, g: true }])
    expect(await on(target.url, 'SELECT version > 1000 AS v FROM api_keys.api_keys')).toEqual([{ v: true }])
  })

  it('ends what somebody may hold of that time when it is told to: keys, codes for emergencies, every link; and puts it on record', async () => {
    const held = await aDatabase()
    await on(
      held.url,
      `${person('ada')};
      UPDATE api_keys.api_keys SET expires_at = now() + interval '1 day';
      INSERT INTO users.recovery_codes (account_id, mac_key_id, mac, created_at) VALUES ('ada', 'k', 'm', now());
      INSERT INTO users.one_time_tokens (id, purpose, subject_id, email_index_key_id, email_index, mac_key_id, mac, created_at, expires_at)
        VALUES ('tok', 'undo-email-change', 'ada', 'k', 'x', 'k', 'm', now(), now())`,
    )
    const copied = await copyOf(held.url)
    const [usual, told] = [await aDatabase(), await aDatabase()]
    expect(await load(usual.url, copied)).toEqual({ keysDisabled: 0, recoveryCodes: 0 })
    const aftermath = 'end what somebody may hold'
    expect(await load(told.url, copied, { aftermath })).toEqual({ keysDisabled: 1, recoveryCodes: 1 })
    const left = `SELECT (SELECT count(*)::int FROM api_keys.api_keys WHERE disabled_at IS NULL) AS keys,
      (SELECT count(*)::int FROM users.recovery_codes) AS codes, (SELECT count(*)::int FROM users.one_time_tokens) AS links,
      (SELECT count(*)::int FROM api_keys.audit_unlinked) + (SELECT count(*)::int FROM users.audit_unlinked) AS records`
    expect(await on(usual.url, left)).toEqual([{ keys: 1, codes: 1, links: 1, records: 0 }])
    expect(await on(told.url, left)).toEqual([{ keys: 0, codes: 0, links: 0, records: 2 }])
  })

  it('is neither taken nor put in place through a PgBouncer, where its lock would be another one’s', async () => {
    const through = (url: string) => `${url}?pgbouncer=true`
    const target = await aDatabase()
    await expect(copyOf(through(source.url))).rejects.toThrow('the address of Postgres itself')
    await expect(load(through(target.url), await copyOf(source.url))).rejects.toThrow('the address of Postgres itself')
  })

  it('lets each subgraph write what is its own, and nothing else, as before', async () => {
    const target = await aDatabase()
    await load(target.url, await copyOf(source.url))
    const users = openDatabase({ url: target.url, role: 'latchkey_users', patienceMs: storePatienceMs })
    onTestFinished(() => users.close())
    expect(await users.prisma.account.count()).toBe(1)
    await expect(users.query({ name: 'x', text: 'DELETE FROM users.audit_records' }, [])).rejects.toThrow(
      'permission denied',
    )
    await expect(users.prisma.apiKey.count()).rejects.toThrow('permission denied')
  })

  it('of an older release is brought up to this one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-migrations-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    cpSync(migrationsFolder, folder, { recursive: true })
    const last = readMigrations().at(-1)?.name ?? ''
    rmSync(join(folder, last), { recursive: true })
    const older = await aDatabase()
    await on(older.url, dropAll)
    await applyMigrations(older.url, folder)
    await on(older.url, person('old'))
    const copied = await copyOf(older.url)
    expect(copied.facts.migrations.map(({ name }) => name)).not.toContain(last)
    const target = await aDatabase()
    await load(target.url, copied, { over: 'empty' })
    const restored = await copyOf(target.url)
    expect(restored.facts.migrations.at(-1)?.name).toBe(last)
    expect(restored.facts.tables).toEqual((await copyOf(source.url)).facts.tables)
    expect(await idsIn(target.url)).toEqual(['old'])
  })
})

describe('a load', () => {
  const unchanged = async (url: string) => expect(await idsIn(url)).toEqual(['eve'])
  const inhabited = async () => {
    const database = await aDatabase()
    await on(database.url, person('eve'))
    return database
  }

  it('refuses a database with somebody in it unless told to replace it', async () => {
    const { url } = await inhabited()
    await expect(load(url, await copyOf(source.url), { over: 'empty' })).rejects.toThrow('--replace')
    await unchanged(url)
    await load(url, await copyOf(source.url))
    expect(await idsIn(url)).toEqual(['ada'])
  })

  it('refuses what a newer release made, and a migration that is another one', async () => {
    const { url } = await inhabited()
    const copied = await copyOf(source.url)
    const { migrations } = copied.facts
    const newer = [...migrations, { name: '29990101000000_later', checksum: 'x' }]
    await expect(load(url, copied, { facts: { ...copied.facts, migrations: newer } })).rejects.toThrow(
      '29990101000000_later',
    )
    const other = migrations.map((each, at) => (at === 1 ? { ...each, checksum: 'x' } : each))
    await expect(load(url, copied, { facts: { ...copied.facts, migrations: other } })).rejects.toThrow(
      'another one here',
    )
    await unchanged(url)
  })

  it('refuses while a process is connected', async () => {
    const { url } = await inhabited()
    const running = openDatabase({ url, role: 'latchkey_users', patienceMs: storePatienceMs })
    await running.ping()
    await expect(load(url, await copyOf(source.url))).rejects.toThrow('stop every process first')
    await running.close()
    await unchanged(url)
  })

  it('changes nothing when it fails at the last moment, or rows are of other roles', async () => {
    const { url } = await inhabited()
    const copied = await copyOf(source.url)
    const beforeCommit = () => Promise.reject(new Error('Redis is away'))
    await expect(load(url, copied, { beforeCommit })).rejects.toThrow('Redis is away')
    await unchanged(url)
    const rows = new Map(copied.rows).set('users.role_grants', Buffer.from(''))
    await expect(load(url, { ...copied, rows })).rejects.toThrow('Roles and their holders')
    await unchanged(url)
    await load(url, copied)
    expect(await idsIn(url)).toEqual(['ada'])
  })

  it('changes nothing when its connection is cut in the middle, and works when it is called again', async () => {
    const { url } = await inhabited()
    const copied = await copyOf(source.url)
    const cut = async () => {
      await on(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey-snapshot' AND datname = current_database()",
      )
    }
    await expect(load(url, copied, { beforeCommit: cut })).rejects.toThrow()
    await unchanged(url)
    await load(url, copied)
    expect(await idsIn(url)).toEqual(['ada'])
  })

  it('of two at once has one winner; meanwhile a process that starts is told that its database is not there', async () => {
    const { url } = await inhabited()
    const copied = await copyOf(source.url)
    let ping: unknown
    let other: unknown
    const beforeCommit = async () => {
      const starting = openDatabase({ url, role: 'latchkey_users', patienceMs: storePatienceMs })
      ping = await starting.ping().catch((error: unknown) => error)
      await starting.close()
      other = await load(url, copied).catch((error: unknown) => error)
    }
    await load(url, copied, { beforeCommit })
    expect(other).toMatchObject({ message: expect.stringContaining('Another restore') })
    expect(ping).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await idsIn(url)).toEqual(['ada'])
  })

  it('takes of rows from another moment those that belong to somebody', async () => {
    const copied = await copyOf(source.url)
    const { url } = await aDatabase()
    const [accounts] = copied.facts.tables.filter(({ name }) => name === 'users.accounts')
    const grants: Table = { name: 'users.role_grants', columns: ['account_id', 'role', 'granted_at'] }
    const beforeCommit = async () => {}
    await loadSnapshot(url, { facts: copied.facts, over: 'empty', beforeCommit }, async (room) => {
      if (!accounts) throw new Error('no accounts')
      for (const table of copied.facts.tables)
        if (table.name !== 'users.role_grants') await room.load(table, bytesOf(copied.rows.get(table.name)))
      const rows = Buffer.concat([
        copied.rows.get('users.role_grants') ?? Buffer.from(''),
        Buffer.from('gone\tadmin\t2026-01-01\n'),
      ])
      const owner = { column: 'account_id', table: accounts.name, key: 'id' }
      expect(await room.loadFitting(grants, owner, bytesOf(rows))).toBe(1)
    })
  })
})
