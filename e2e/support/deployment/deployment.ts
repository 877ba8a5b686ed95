/** Latchkey as it is deployed: nginx before two gateways, two of each subgraph, PgBouncer, and a Redis with a replica. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@latchkey/app/ports'
import { systemEntropy as entropy } from '@latchkey/clock'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase } from '@latchkey/prisma/testing'
import { createKeyringFile, sliceKeyringFile } from '@latchkey/secrets/file'
import { anAddress, openNameServer } from '@latchkey/subgraph/name-server.fixture'
import { builtProgram } from '../built.ts'
import { patient } from '../patient.ts'
import { openLogins } from './logins.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { programAt, type Running, startProgram } from './programs.ts'

const subgraphs = ['users', 'sessions', 'api-keys'] as const
const names = ['gateway', ...subgraphs] as const
type SubgraphName = (typeof subgraphs)[number]
type Name = (typeof names)[number]

/** One process of ours. */
export interface Place {
  readonly name: Name
  readonly replica: 1 | 2 | 3
  readonly url: string
  start(): void
  /** By SIGTERM, waiting for it; its exit code. */
  end(): Promise<number | null>
  /** What /health/ready says: its status code, and its words to who may know. `null` while nobody is there. */
  ready(): Promise<{ readonly status: number; readonly words: Record<string, unknown> } | null>
  said(): string
}

export interface Deployment {
  /** How clients reach it: nginx. */
  readonly url: string
  readonly places: readonly Place[]
  /** A third replica of a subgraph, that tells its log of all that it is asked; nobody knows of it yet. */
  third(name: SubgraphName): Place
  /** From now on the name of that subgraph leads to these of its replicas. */
  lead(name: SubgraphName, replicas: readonly Place['replica'][]): void
  /** PgBouncer, Redis and its replica; and nginx, which belongs to nobody. */
  readonly stores: Readonly<Record<'redis' | 'replica' | 'pgbouncer', () => void>>
  startNginx(): void
  /** Runs one statement as the owner of the database, at Postgres itself. */
  onDatabase<Row>(text: string): Promise<Row[]>
  stop(): Promise<void>
  /** What each of all that runs here has said last. */
  said(): string
}

/** What a machine must have; the stories are skipped on one that has not. */
export const hasDeploymentPrograms = ['nginx', 'pgbouncer', 'redis-server'].every((name) => programAt(name) !== null)

export const healthToken = 'what only operators know'

/** nginx is told the same times: see deploy/nginx/gateways.conf. */
export const drainSeconds = 2
export const failTimeoutSeconds = 3

/** Replicas of a subgraph have the same port at addresses of their own, as pods have: all of 127.0.0.0/8 is this machine. */
const addressOf = (name: Name, replica: Place['replica']) =>
  name === 'gateway' ? '127.0.0.1' : `127.0.0.${10 + replica}`
const nameOf = (name: SubgraphName) => `${name}.latchkey.test`

const root = new URL('../../../', import.meta.url)
const inRoot = (path: string) => fileURLToPath(new URL(path, root))

export async function openDeployment(): Promise<Deployment> {
  const undo: (() => unknown)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-deployment-'))
  chmodSync(folder, 0o755) // PgBouncer reads it as nobody
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const database = await testDatabase()
  undo.push(database.drop)
  const owner = openDatabase({ url: database.url, patienceMs: storePatienceMs })
  undo.push(owner.close)
  const logins = await openLogins(database.url)
  undo.push(logins.drop)
  const dns = await openNameServer()
  undo.push(dns.close)
  const lead: Deployment['lead'] = (name, replicas) =>
    dns.tell(
      nameOf(name),
      replicas.map((number) => anAddress(addressOf(name, number))),
    )
  for (const name of subgraphs) lead(name, [1, 2])
  const [web, bouncer, redis, replica, ...own] = await portsFor(4 + names.length * 2)
  const nginxUrl = `http://localhost:${web}`
  const keyring = join(folder, 'keyring.json')
  createKeyringFile(keyring, entropy)

  const portOf = (name: Name, number: Place['replica']) =>
    own[names.indexOf(name) * 2 + (name === 'gateway' ? number - 1 : 0)] ?? 0
  const plan = names.flatMap((name) => ([1, 2] as const).map((number) => ({ name, replica: number })))
  const urls = subgraphs.map((name) => `${name}=dns+http://${nameOf(name)}:${portOf(name, 1)}/graphql`)
  const partOf = (name: Name) => join(folder, `keyring.${name}.json`)
  for (const name of names) await sliceKeyringFile(keyring, name, partOf(name), { entropy, kms: null })
  const environmentOf = (name: Name, number: Place['replica']) => ({
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    HOST: addressOf(name, number),
    PORT: String(portOf(name, number)),
    ...(name !== 'gateway' && {
      DATABASE_URL: `postgresql://${logins.names[name]}@127.0.0.1:${bouncer}/${name}?pgbouncer=true`,
    }),
    REDIS_URL: `redis://127.0.0.1:${redis}`,
    LATCHKEY_KEYRING_FILE: partOf(name),
    LATCHKEY_PUBLIC_URL: nginxUrl,
    LATCHKEY_SUBGRAPH_URLS: urls.join(','),
    LATCHKEY_DNS_SERVERS: dns.address,
    LATCHKEY_DRAIN_SECONDS: String(drainSeconds),
    LATCHKEY_HEALTH_TOKEN: healthToken,
    LATCHKEY_LOG_LEVEL: number === 3 ? 'debug' : 'warn',
    LATCHKEY_LIMITS: 'off',
    ...patient,
    ...(name === 'gateway' && { LATCHKEY_TRUSTED_PROXIES: '127.0.0.0/8' }),
  })

  const placeOf = ({ name, replica: number }: Pick<Place, 'name' | 'replica'>): Place => {
    let running: Running | null = null
    let before = ''
    const url = `http://${addressOf(name, number)}:${portOf(name, number)}`
    undo.push(() => running?.end('SIGKILL'))
    return {
      ...{ name, replica: number, url },
      start() {
        before += running?.said() ?? ''
        const leash = new URL('app/bin/leash.mjs', root).href
        running = startProgram(process.execPath, ['--import', leash, builtProgram(name)], {
          ...{ env: environmentOf(name, number), cwd: inRoot('.'), leash: 'ipc' },
        })
      },
      end: async () => running?.end() ?? null,
      async ready() {
        const headers = { authorization: `Bearer ${healthToken}` }
        const answer = await fetch(`${url}/health/ready`, { headers }).catch(() => null)
        return answer && { status: answer.status, words: (await answer.json()) as Record<string, unknown> }
      },
      said: () => before + (running?.said() ?? ''),
    }
  }
  const places = plan.map(placeOf)

  const programs: { readonly name: string; said(): string }[] = []
  const start = (program: string, args: readonly string[], cwd = folder) => {
    const running = startProgram(programAt(program) ?? program, args, { cwd })
    programs.push({ name: program, said: running.said })
    undo.push(() => running.end(program === 'nginx' ? 'SIGTERM' : 'SIGINT'))
    return running
  }
  const redisArgs = (port: number | undefined) => [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    folder,
  ]
  return {
    url: nginxUrl,
    places,
    third: (name) => placeOf({ name, replica: 3 }),
    lead,
    stores: {
      redis: () => start('redis-server', [...redisArgs(redis), '--appendonly', 'yes']),
      replica: () => start('redis-server', [...redisArgs(replica), '--replicaof', '127.0.0.1', `${redis}`]),
      pgbouncer: () => {
        const { databases, users } = logins
        const running = startPgbouncer({ folder, port: bouncer ?? 0, databases, users })
        programs.push({ name: 'pgbouncer', said: running.said })
        undo.push(() => running.end('SIGINT'))
      },
    },
    startNginx() {
      const gateways = ([1, 2] as const).map((number) => portOf('gateway', number))
      start('nginx', [
        '-p',
        writeNginx(folder, { port: web ?? 0, gateways }),
        '-c',
        'nginx.conf',
        '-e',
        'stderr',
        '-g',
        'daemon off;',
      ])
    },
    onDatabase: (text) => owner.queryAlone('a story of the deployment', { name: '', text }, []),
    said: () => [...places, ...programs].map(({ name, said }) => `── ${name}: ${said().slice(-1_000)}`).join('\n'),
    async stop() {
      for (const step of undo.reverse()) await step()
    },
  }
}

async function portsFor(count: number): Promise<number[]> {
  const first = await freePort(count)
  return Array.from({ length: count }, (_, index) => first + index)
}

/** The file that is deployed, with the gateways of this place. */
function writeNginx(folder: string, { port, gateways }: { port: number; gateways: readonly number[] }): string {
  const home = join(folder, 'nginx')
  mkdirSync(join(home, 'temporary'), { recursive: true })
  copyFileSync(inRoot('deploy/nginx/nginx.conf'), join(home, 'nginx.conf'))
  writeFileSync(join(home, 'listen.conf'), `listen 127.0.0.1:${port};`)
  const servers = gateways.map(
    (gateway) => `server 127.0.0.1:${gateway} max_fails=1 fail_timeout=${failTimeoutSeconds}s;`,
  )
  writeFileSync(join(home, 'gateways.conf'), [...servers, 'keepalive_timeout 1s;'].join('\n'))
  return home
}

const withinMs = 60_000

/** Asks until it is so, for a minute at most; `said` is told when it was in vain. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, said = () => ''): Promise<void> {
  const startedMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedMs > withinMs) throw new Error(`waited in vain: ${what}\n${said()}`)
    await pause(200)
  }
}
