/** The embedded Postgres: a real server from npm, its data in a folder of ours, reachable from this machine only. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Entropy } from '@latchkey/clock'
import pg from 'pg'
import { fault } from './fault.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { clusterOf, type PostgresHome, postgresHome, writeOwned } from './postgres-home.ts'
import { commandOf, end, markOf } from './processes.ts'
import { reasonIn, type Server, startServer } from './server.ts'

export interface EmbeddedPostgres {
  /** `postgresql://…` of the superuser `postgres`, for the database `latchkey`. */
  readonly url: string
  /** Resolves with the last lines of its log when it ends without having been asked to. */
  readonly lost: Promise<string>
  /** Ends it in order; open connections are cut. */
  stop(): Promise<void>
}

export interface PostgresTerms {
  /** Where its data lives; made when missing. The caller holds the claim on the data folder around it. */
  readonly folder: string
  readonly entropy: Entropy
  /** Server settings besides ours, such as `fsync: 'off'` where nothing is worth keeping. */
  readonly settings?: Readonly<Record<string, string>>
}

const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
const patienceMs = 10_000

/** Starts it, made anew or as it was left; what a killed run left running is ended first. */
export async function startPostgres({ folder, entropy, settings = {} }: PostgresTerms): Promise<EmbeddedPostgres> {
  const home = postgresHome(folder)
  const native = postgresBinaries(home.binaries, home.runAs.uid === undefined ? 'same user' : 'other user')
  if (existsSync(clusterOf(home))) await endOrphan(home)
  else await createCluster(home, native, entropy)
  const password = readFileSync(join(home.path, 'password'), 'utf8').trim()
  const server = await serve(home, native, settings)
  const url = `postgresql://postgres:${password}@127.0.0.1:${server.port}`
  try {
    await ensureDatabase(`${url}/postgres`, 'latchkey')
  } catch (thrown) {
    await server.stop()
    throw thrown
  }
  return { url: `${url}/latchkey`, lost: server.lost, stop: server.stop }
}

/** Made aside and renamed: an interrupted first start leaves nothing that looks like a database. */
async function createCluster(home: PostgresHome, native: string, entropy: Entropy): Promise<void> {
  const draft = `${clusterOf(home)}.draft`
  const passwordFile = join(home.path, 'password')
  rmSync(draft, { recursive: true, force: true })
  writeOwned(passwordFile, Buffer.from(entropy.bytes(24)).toString('hex'), home.runAs)
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const args = [`--pgdata=${draft}`, ...access, ...locale, '--no-sync', '--no-instructions']
  try {
    const options = { ...home.runAs, cwd: '/', env: environment }
    await promisify(execFile)(join(native, 'bin', 'initdb'), args, options)
  } catch (thrown) {
    throw notMade(home, String((thrown as { stderr?: string }).stderr || thrown), thrown)
  }
  renameSync(draft, clusterOf(home))
}

function notMade({ path }: PostgresHome, log: string, thrown: unknown): Error {
  return /user does not exist/.test(log)
    ? fault(
        'This user id has no entry in /etc/passwd, which Postgres wants. Start as a named user, or set DATABASE_URL.',
        thrown,
      )
    : fault(`The embedded Postgres could not be made in ${path}: ${reasonIn(log)}`, thrown)
}

/** postmaster.pid outlives a killed server, and its number may belong to anyone by now. */
async function endOrphan(home: PostgresHome): Promise<void> {
  const file = join(clusterOf(home), 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (commandOf(pid).includes(clusterOf(home))) await end(markOf(pid), { ask: 'SIGINT', patienceMs })
  rmSync(file, { force: true })
}

function serve(home: PostgresHome, native: string, settings: Readonly<Record<string, string>>): Promise<Server> {
  return startServer({
    name: `The embedded Postgres in ${home.path}`,
    ready: /ready to accept (?:read-only )?connections/,
    ask: 'SIGINT',
    insist: 'SIGQUIT',
    runAs: home.runAs,
    launch: (port) =>
      spawn(join(native, 'bin', 'postgres'), serverArgs(clusterOf(home), port, settings), {
        ...home.runAs,
        cwd: '/',
        env: environment,
        detached: true,
        stdio: 'pipe',
      }),
  })
}

function serverArgs(cluster: string, port: number, settings: Readonly<Record<string, string>>): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    // Before a lock is given up (`lock_timeout` of our pools): of a deadlock only one statement fails, and is asked again.
    deadlock_timeout: '100ms',
    shared_buffers: '128MB',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...settings,
  }
  return [
    '-D',
    cluster,
    '-p',
    String(port),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patienceMs })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (!rowCount) await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}
