import { chmodSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemEntropy } from '@latchkey/clock'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres } from './postgres.ts'
import { daemon, isRoot, killed, literal, otherProcess, temporaryFolder, unknown } from './processes.fixture.ts'
import { isAlive, markOf } from './processes.ts'
import { findRedis, startRedis } from './redis.ts'

const path = process.env.PATH ?? ''
async function postgresIn(folder: string) {
  const server = await startPostgres({ folder, entropy: systemEntropy, settings: { fsync: 'off' } })
  onTestFinished(server.stop)
  return server
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const answer = await client.query(sql)
    return [answer].flat().flatMap(({ rows }) => rows.flatMap((row) => Object.values(row)))
  } finally {
    await client.end()
  }
}

async function redisIn(folder: string) {
  const server = await startRedis({ folder, entropy: systemEntropy, path })
  if (!server) throw new Error('this test needs a Redis server')
  onTestFinished(server.stop)
  const client = new Redis(server.url)
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return { ...server, client }
}

describe('the embedded Postgres', () => {
  it('keeps its data over a restart, in a path with spaces', async () => {
    const folder = join(temporaryFolder(), 'my data')
    const first = await postgresIn(folder)
    await ask(first.url, "create table kept (word text); insert into kept values ('here')")
    await first.stop()
    const second = await postgresIn(folder)
    expect(await ask(second.url, 'select word from kept')).toEqual(['here'])
  })

  it('listens on loopback only, wants its password, and knows the letters of every alphabet', async () => {
    const { url } = await postgresIn(join(temporaryFolder(), 'data'))
    expect(await ask(url, "select current_setting('listen_addresses') as listens, lower('ÄÖÉ') as letters")).toEqual([
      '127.0.0.1',
      'äöé',
    ])
    const guessed = new URL(url)
    guessed.password = 'postgres'
    await expect(ask(guessed.href, 'select 1 as one')).rejects.toThrow('password authentication failed')
  })

  it('hides its folder and its password from other users', async () => {
    const folder = join(temporaryFolder(), 'data')
    await postgresIn(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'password')).mode & 0o777).toBe(0o600)
  })

  it('ends with a process that is killed, and starts again with what was committed', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { child, said } = await otherProcess(`
      const { url } = await startPostgres({ folder: ${literal(folder)}, entropy })
      console.log(JSON.stringify({ url }))`)
    await ask(said.url ?? '', "create table kept (word text); insert into kept values ('here')")
    const pid = Number.parseInt(readFileSync(join(folder, 'cluster-18', 'postmaster.pid'), 'utf8'), 10)
    const orphan = markOf(pid)
    await killed(child)
    const { url } = await postgresIn(folder)
    expect(await ask(url, 'select word from kept')).toEqual(['here'])
    expect(isAlive(orphan)).toBe(false)
  })

  it('is made anew when its first start was interrupted', async () => {
    const folder = join(temporaryFolder(), 'data')
    mkdirSync(join(folder, 'cluster-18.draft'), { recursive: true })
    writeFileSync(join(folder, 'cluster-18.draft', 'PG_VERSION'), '18\n')
    const { url } = await postgresIn(folder)
    expect(await ask(url, 'select 1 as one')).toEqual([1])
  })

  it('never ends a stranger whose number stands in a stale postmaster.pid', async () => {
    const folder = join(temporaryFolder(), 'data')
    const first = await postgresIn(folder)
    await first.stop()
    const { child } = await otherProcess('console.log("{}")')
    writeFileSync(join(folder, 'cluster-18', 'postmaster.pid'), `${child.pid}\n`)
    await postgresIn(folder)
    expect(child.exitCode ?? child.signalCode).toBeNull()
  })

  it('says so when it ends without being asked', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { lost } = await postgresIn(folder)
    process.kill(Number.parseInt(readFileSync(join(folder, 'cluster-18', 'postmaster.pid'), 'utf8'), 10), 'SIGQUIT')
    expect(await lost).toContain('immediate shutdown')
  })

  it.runIf(isRoot)('runs for an ordinary user too', async () => {
    const parent = temporaryFolder()
    chmodSync(parent, 0o777)
    const folder = join(parent, 'data')
    const { said } = await otherProcess(
      `const { url } = await startPostgres({ folder: ${literal(folder)}, entropy })
       console.log(JSON.stringify({ url }))`,
      daemon,
    )
    expect(await ask(said.url ?? '', 'select 1 as one')).toEqual([1])
    expect(statSync(folder).uid).toBe(daemon)
  })

  it.runIf(isRoot)('says what to do for a user id that the system does not know', async () => {
    const parent = temporaryFolder()
    chmodSync(parent, 0o777)
    const { said } = await otherProcess(
      `const refused = await startPostgres({ folder: ${literal(join(parent, 'data'))}, entropy }).catch((thrown) => thrown)
       console.log(JSON.stringify({ line: refused.message }))`,
      unknown,
    )
    expect(said.line).toContain('has no entry in /etc/passwd')
  })

  it.runIf(isRoot)(
    'started by root, lives elsewhere when its folder is below one that only root may enter',
    async () => {
      const parent = temporaryFolder()
      chmodSync(parent, 0o700)
      const folder = join(parent, '.latchkey', 'postgres')
      const first = await postgresIn(folder)
      const elsewhere = realpathSync(folder)
      onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }))
      await ask(first.url, 'create table kept ()')
      await first.stop()
      const { url } = await postgresIn(folder)
      expect(await ask(url, 'select count(*)::int from kept')).toEqual([0])
    },
  )
})

describe.skipIf(!findRedis(path))('the embedded Redis', () => {
  it('keeps its data over a restart, in a path with spaces', async () => {
    const folder = join(temporaryFolder(), 'my "data"')
    const first = await redisIn(folder)
    await first.client.set('word', 'here')
    await first.stop()
    const second = await redisIn(folder)
    expect(await second.client.get('word')).toBe('here')
  })

  it('answers nobody without the password, which no list of processes shows', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { url, client } = await redisIn(folder)
    const stranger = new Redis({ port: Number(new URL(url).port), lazyConnect: true, retryStrategy: () => null })
    onTestFinished(() => stranger.disconnect())
    stranger.on('error', () => {})
    await expect(stranger.get('word')).rejects.toThrow('NOAUTH')
    expect(await client.config('GET', 'bind')).toContainEqual('127.0.0.1')
    expect(statSync(join(folder, 'redis.conf')).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('ends with a process that is killed, and starts again with what was kept', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { child, said } = await otherProcess(`
      const { url } = await startRedis({ folder: ${literal(folder)}, entropy, path: ${literal(path)} })
      console.log(JSON.stringify({ url }))`)
    const before = new Redis(said.url ?? '')
    await before.set('word', 'here')
    before.disconnect()
    const orphan = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8'))
    await killed(child)
    const { client } = await redisIn(folder)
    expect(await client.get('word')).toBe('here')
    expect(isAlive(orphan)).toBe(false)
  })

  it('is not there on a machine without a server', async () => {
    expect(await startRedis({ folder: temporaryFolder(), entropy: systemEntropy, path: '/nonexistent' })).toBeNull()
  })
})
