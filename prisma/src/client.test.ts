import { createHash } from 'node:crypto'
import { usualPatienceMs } from '@latchkey/clock/awake'
import { Problem } from '@latchkey/problem'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Database, type DatabaseRole, openDatabase, Prisma } from './client.ts'
import { aServer } from './server.fixture.ts'
import { storePatienceMs, type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase

beforeAll(async () => {
  home = await testDatabase()
})
afterAll(() => home.drop())

/** Patient, unless it is told otherwise. */
function opened(options: { url?: string; role?: DatabaseRole; poolMax?: number; patienceMs?: number } = {}): Database {
  const database = openDatabase({ url: home.url, patienceMs: storePatienceMs, ...options })
  onTestFinished(() => database.close())
  return database
}

const nameOf = (text: string) => createHash('md5').update(text).digest('hex')
const run = (database: Database, text: string, values: unknown[] = []) =>
  database.query({ name: nameOf(text), text }, values)

/** The code and what is known beyond it, or what else was thrown; `null` where it was answered. */
const refusalOf = (pending: Promise<unknown>): Promise<unknown> =>
  pending.then(
    () => null,
    (thrown: unknown) => (thrown instanceof Problem ? `${thrown.code} ${thrown.detail}` : thrown),
  )

/** A connection that has been cut may not know it yet, and then one statement pays for it. */
const answersAgain = (database: Database) => expect.poll(() => refusalOf(database.ping())).toBeNull()

const ping = Prisma.sql`SELECT 1 AS one`

describe('a subgraph and its role', () => {
  const schemas = ['users', 'sessions', 'api_keys'] as const
  const pairs = schemas.flatMap((own) => schemas.map((other) => [own, other] as const))

  it.each(pairs)('as latchkey_%s, reaches the audit records of %s only when they are its own', async (own, other) => {
    const database = opened({ role: `latchkey_${own}` })
    const reading = run(database, `SELECT count(*) FROM ${other}.audit_records`)
    if (own === other) await expect(reading).resolves.toHaveLength(1)
    else await expect(reading).rejects.toThrow(`permission denied for schema ${other}`)
  })

  it.each(schemas)('cannot change or remove what latchkey_%s has put on record', async (own) => {
    const database = opened({ role: `latchkey_${own}` })
    for (const change of ['UPDATE % SET action = action', 'DELETE FROM %', 'TRUNCATE %']) {
      const text = change.replace('%', `${own}.audit_records`)
      await expect(run(database, text)).rejects.toThrow('permission denied for table audit_records')
    }
  })

  it('keeps Prisma, too, out of other subgraphs, and lets everyone read the list of migrations and nobody change it', async () => {
    const database = opened({ role: 'latchkey_users' })
    expect(await database.prisma.account.count()).toBe(0)
    await expect(database.prisma.apiKey.count()).rejects.toThrow('permission denied for schema api_keys')
    await expect(run(database, 'SELECT * FROM _prisma_migrations')).resolves.not.toHaveLength(0)
    await expect(run(database, 'DELETE FROM _prisma_migrations')).rejects.toThrow('permission denied')
    await expect(run(database, 'CREATE TABLE public.mine ()')).rejects.toThrow('permission denied')
  })

  it('comes back to its role when the session is reset', async () => {
    const database = opened({ role: 'latchkey_users', poolMax: 1 })
    await run(database, 'RESET ROLE')
    await run(database, 'RESET ALL')
    await expect(database.ping()).resolves.toBeUndefined()
  })

  it('is not dropped by options in the URL', async () => {
    const url = new URL(home.url)
    url.searchParams.set('options', '-c role=latchkey_api_keys -c work_mem=8MB')
    const database = opened({ url: url.href, role: 'latchkey_users' })
    await database.ping()
    expect(await run(database, 'SHOW work_mem')).toEqual([{ work_mem: '8MB' }])
  })
})

describe('a transaction', () => {
  const record = (id: string) => ({
    ...{ id, at: new Date(), actorKind: 'service', actorId: 'test', action: 'test', target: 'test' },
    ...{ outcome: 'done', requestId: 'test' },
  })

  it('is whole or not at all, as a function and as a list', async () => {
    const { prisma } = opened({ role: 'latchkey_api_keys' })
    const add = (id: string) => prisma.apiKeysAuditRecord.create({ data: record(id) })
    const asFunction = prisma.$transaction(async (transaction) => {
      await transaction.apiKeysAuditRecord.create({ data: record('one') })
      throw new Error('changed my mind')
    })
    await expect(asFunction).rejects.toThrow('changed my mind')
    await expect(prisma.$transaction([add('two'), add('two')])).rejects.toMatchObject({ code: 'P2002' })
    expect(await prisma.apiKeysAuditRecord.count()).toBe(0)
    await prisma.$transaction([add('three'), add('four')])
    expect(await prisma.apiKeysAuditRecord.count()).toBe(2)
  })
})

describe('a statement that fails', () => {
  it('does not cost the connection it ran on', async () => {
    const database = opened({ poolMax: 1 })
    const [before] = await run(database, 'SELECT pg_backend_pid() AS pid')
    await expect(run(database, 'SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' })
    await expect(database.prisma.$queryRaw`SELECT 1 / 0`).rejects.toThrow('division by zero')
    expect(await run(database, 'SELECT pg_backend_pid() AS pid')).toEqual([before])
  })
})

describe('two statements that lock the same rows the other way round', () => {
  it('are both made: the one that Postgres gives up is asked again', async () => {
    const before = opened()
    await run(before, 'CREATE TABLE crossed (id int PRIMARY KEY, n int)')
    await run(before, 'INSERT INTO crossed VALUES (1, 0), (2, 0)')
    // Postgres looks for deadlocks after a second unless told, and a lock is waited for a quarter of it.
    await run(
      before,
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 100', current_database()); END $$`,
    )
    const database = opened()
    const cross = {
      name: 'test_cross',
      text: `WITH first AS (UPDATE crossed SET n = n + 1 WHERE id = $1::int RETURNING pg_sleep(0.1))
             UPDATE crossed SET n = n + 1 FROM first WHERE crossed.id = $2::int`,
    }
    await Promise.all([database.query(cross, [1, 2]), database.query(cross, [2, 1])])
    await Promise.all([database.query(cross, [1, 2]), database.queryAlone('crossed', cross, [2, 1])])
    expect(await run(database, 'SELECT id, n FROM crossed ORDER BY id')).toEqual([
      { id: 1, n: 4 },
      { id: 2, n: 4 },
    ])
  })
})

describe('a reader that many share', () => {
  it('answers for a good key in the batch of one that Postgres cannot take', async () => {
    const database = opened({ role: 'latchkey_users' })
    const read = database.batchedRead<string, { id: string }>(
      { name: 'shared', text: 'SELECT id FROM unnest($1::text[]) AS asked (id)' },
      ({ id }) => id,
    )
    const [early, bad, late] = await Promise.allSettled([read('good'), read('\u0000'), read('better')])
    expect(early).toEqual({ status: 'fulfilled', value: [{ id: 'good' }] })
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: '22021' } })
    expect(late).toEqual({ status: 'fulfilled', value: [{ id: 'better' }] })
  })
})

describe('a database that is gone', () => {
  const patienceMs = usualPatienceMs

  it('is UNAVAILABLE at once when nothing listens, and answers again when it is back', async () => {
    const server = await aServer(home.url)
    const database = opened({ url: server.url, role: 'latchkey_users', patienceMs })
    const read = database.batchedRead<string, { id: string }>(
      { name: 'audit', text: 'SELECT id FROM users.audit_records WHERE id = ANY($1::text[])' },
      (row) => row.id,
    )
    await Promise.all([database.ping(), read('a'), database.prisma.account.count()])
    await server.go()
    const attempts = [
      refusalOf(database.ping()),
      refusalOf(read('a')),
      refusalOf(database.prisma.account.count()),
      refusalOf(database.prisma.$queryRaw(ping)),
      refusalOf(database.prisma.$transaction([database.prisma.account.count()])),
      refusalOf(database.prisma.$transaction((transaction) => transaction.account.count())),
    ]
    for (const refusal of await Promise.all(attempts)) expect(refusal).toMatch(/^UNAVAILABLE (?!.*(time|no sign))/)
    await server.comeBack()
    await answersAgain(database)
    expect(await Promise.all([read('a'), database.prisma.account.count()])).toEqual([[], 0])
  })

  it('is soon UNAVAILABLE when it is frozen, for connections it has and for new ones', async () => {
    const server = await aServer(home.url)
    const database = opened({ url: server.url, poolMax: 2, patienceMs })
    const read = database.batchedRead<string, { id: string }>(
      { name: 'keys', text: 'SELECT unnest($1::text[]) AS id' },
      (row) => row.id,
    )
    await read('a')
    server.freeze()
    const early = refusalOf(read('a'))
    await new Promise(setImmediate)
    const attempts = [early, refusalOf(read('b')), refusalOf(database.ping()), refusalOf(database.ping())]
    for (const refusal of await Promise.all(attempts)) expect(refusal).toMatch(/^UNAVAILABLE .*gives no sign of life/)
    server.thaw()
    await answersAgain(database)
    expect(await read('a')).toEqual([{ id: 'a' }])
  })

  it('is UNAVAILABLE for the statement it was killed under, and works for the next', async () => {
    const database = opened({ poolMax: 2 })
    const slow = refusalOf(run(database, 'SELECT pg_sleep(20)'))
    await expect
      .poll(() =>
        run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)'"),
      )
      .toHaveLength(1)
    expect(await slow).toMatch(/^UNAVAILABLE/)
    await answersAgain(database)
  })

  it('does not take the process with it when idle connections are cut', async () => {
    const server = await aServer(home.url)
    const database = opened({ url: server.url, patienceMs })
    await Promise.all([database.ping(), database.ping(), database.ping()])
    await server.go()
    await server.comeBack()
    await answersAgain(database)
  })

  it('says so to those who find every connection held, and serves them when one is free', async () => {
    const database = opened({ poolMax: 1, patienceMs: 3_000 })
    const { prisma } = database
    await answersAgain(database)
    await prisma.$transaction(
      async () => {
        const waiting = [
          refusalOf(database.ping()),
          refusalOf(prisma.$queryRaw(ping)),
          refusalOf(prisma.$transaction(async () => 1)),
        ]
        for (const refusal of await Promise.all(waiting))
          expect(refusal).toMatch(/^UNAVAILABLE .*(every connection is held|no connection is free|in the given time)/)
      },
      { timeout: 60_000 },
    )
    await database.ping()
  })
})

describe('a batched read of real rows', () => {
  it('sends one statement for a hundred questions and sees what was committed before a question', async () => {
    const database = opened({ poolMax: 2 })
    await run(database, 'CREATE TABLE things (id text, value int)')
    await run(database, "INSERT INTO things SELECT 'k' || n, n FROM generate_series(1, 100) n")
    const text = 'SELECT id, value, statement_timestamp()::text AS at FROM things WHERE id = ANY($1::text[])'
    const read = database.batchedRead<string, { id: string; value: number; at: string }>(
      { name: 'things', text },
      (row) => row.id,
    )
    const answers = (await Promise.all(Array.from({ length: 100 }, (_, index) => read(`k${index + 1}`)))).flat()
    expect(answers).toHaveLength(100)
    expect(new Set(answers.map(({ at }) => at)).size).toBe(1)
    for (let value = 0; value < 50; value++) {
      const early = read('k1')
      await run(database, 'UPDATE things SET value = $1 WHERE id = $2', [value, 'k1'])
      expect(await read('k1')).toMatchObject([{ value }])
      await early
    }
  })
})

describe('a statement that runs alone', () => {
  const addOne = {
    name: 'test_add_one',
    text: 'INSERT INTO counted (n) SELECT count(*) FROM counted WHERE $1::int >= 0 RETURNING n::int',
  }

  it('sees what those before it committed, however many ask at once and from wherever', async () => {
    const [one, other] = [opened(), opened()]
    await run(one, 'CREATE TABLE counted (n int)')
    const asked = Array.from({ length: 60 }, (_, index) =>
      (index % 2 ? one : other).queryAlone<{ n: number }>('count', addOne, [index]),
    )
    const seen = (await Promise.all(asked)).map(([row]) => row?.n ?? -1)
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index))
  })

  it('leaves nothing behind when it fails, and the lock is free', async () => {
    const database = opened({ poolMax: 1 })
    const fails = { name: 'test_fails_alone', text: 'SELECT 1 / $1::int' }
    await expect(database.queryAlone('count', fails, [0])).rejects.toThrow(/division by zero/)
    expect(await database.queryAlone('count', fails, [1])).toHaveLength(1)
  })

  it('waits for rows and tables no longer than any other, once it has its lock', async () => {
    const database = opened({ poolMax: 1 })
    const patience = { name: 'test_lock_timeout', text: "SELECT current_setting('lock_timeout') AS ms" }
    expect(await database.queryAlone('patience', patience, [])).toEqual(await database.query(patience, []))
  })
})

describe('a connection', () => {
  const kept = 'SELECT name FROM pg_prepared_statements'

  it('keeps statements prepared, and none behind a PgBouncer that pools transactions and cannot carry them', async () => {
    const [plain, pooled] = [opened({ poolMax: 1 }), opened({ url: `${home.url}?pgbouncer=true`, poolMax: 1 })]
    for (const database of [plain, pooled]) {
      await run(database, kept)
      await database.queryAlone('kept', { name: 'test_kept_alone', text: kept }, [])
    }
    const names = (database: Database) => run(database, kept) as Promise<{ name: string }[]>
    expect((await names(plain)).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['test_kept_alone', nameOf(kept)]),
    )
    expect(await names(pooled)).toEqual([])
  })
})
