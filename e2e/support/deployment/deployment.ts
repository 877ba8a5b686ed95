/** Latchkey as it is deployed: nginx before two gateways, two of each subgraph, PgBouncer, and a Redis with a replica. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@latchkey/app/ports'
import { systemEntropy as entropy } from '@latchkey/clock'
import { testDatabase } from '@latchkey/prisma/testing'
import { createKeyringFile, sliceKeyringFile } from '@latchkey/secrets/file'
import { builtProgram } from '../built.ts'
import { openLogins } from './logins.ts'
import { programAt, type Running, startProgram } from './programs.ts'

const names = ['gateway', 'users', 'sessions', 'api-keys'] as const
type Name = (typeof names)[number]

/** One process of ours. */
export interface Place {
  readonly name: Name
  readonly replica: 1 | 2
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
  /** PgBouncer, Redis and its replica; and nginx, which belongs to nobody. */
  readonly stores: Readonly<Record<'redis' | 'replica' | 'pgbouncer', () => void>>
  startNginx(): void
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

const root = new URL('../../../', import.meta.url)
const inRoot = (path: string) => fileURLToPath(new URL(path, root))
const workspaceOf = (name: Name) => (name === 'gateway' ? 'gateway' : `subgraphs/${name}`)

export async function openDeployment(): Promise<Deployment> {
  const undo: (() => unknown)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-deployment-'))
  chmodSync(folder, 0o755) // PgBouncer reads it as nobody
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const database = await testDatabase()
  undo.push(database.drop)
  const logins = await openLogins(database.url)
  undo.push(logins.drop)
  const [web, bouncer, redis, replica, ...own] = await portsFor(4 + names.length * 2)
  const nginxUrl = `http://localhost:${web}`
  const keyring = join(folder, 'keyring.json')
  createKeyringFile(keyring, entropy)

  const plan = names.flatMap((name, index) =>
    ([1, 2] as const).map((number) => ({ name, replica: number, port: own[index * 2 + number - 1] ?? 0 })),
  )
  const urls = names
    .filter((name) => name !== 'gateway')
    .map((name) => {
      const replicas = plan.filter((one) => one.name === name)
      return `${name}=${replicas.map(({ port }) => `http://127.0.0.1:${port}/graphql`).join('|')}`
    })
  const partOf = (name: Name) => {
    const part = join(folder, `keyring.${name}.json`)
    sliceKeyringFile(keyring, name, part, entropy)
    return part
  }
  const parts = Object.fromEntries(names.map((name) => [name, partOf(name)]))
  const environmentOf = (name: Name, port: number) => ({
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    PORT: String(port),
    ...(name !== 'gateway' && {
      DATABASE_URL: `postgresql://${logins.names[name]}@127.0.0.1:${bouncer}/${name}?pgbouncer=true`,
    }),
    REDIS_URL: `redis://127.0.0.1:${redis}`,
    LATCHKEY_KEYRING_FILE: parts[name] ?? '',
    LATCHKEY_PUBLIC_URL: nginxUrl,
    LATCHKEY_SUBGRAPH_URLS: urls.join(','),
    LATCHKEY_DRAIN_SECONDS: String(drainSeconds),
    LATCHKEY_HEALTH_TOKEN: healthToken,
    LATCHKEY_LOG_LEVEL: 'warn',
    LATCHKEY_LIMITS: 'off',
    ...(name === 'gateway' && { LATCHKEY_TRUSTED_PROXIES: '127.0.0.0/8' }),
  })

  const places = plan.map(({ name, replica: number, port }): Place => {
    let running: Running | null = null
    let before = ''
    const url = `http://127.0.0.1:${port}`
    undo.push(() => running?.end('SIGKILL'))
    return {
      ...{ name, replica: number, url },
      start() {
        before += running?.said() ?? ''
        const leash = new URL('app/bin/leash.mjs', root).href
        running = startProgram(process.execPath, ['--import', leash, builtProgram(workspaceOf(name))], {
          ...{ env: environmentOf(name, port), cwd: inRoot('.'), leash: 'ipc' },
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
  })

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
    stores: {
      redis: () => start('redis-server', [...redisArgs(redis), '--appendonly', 'yes']),
      replica: () => start('redis-server', [...redisArgs(replica), '--replicaof', '127.0.0.1', `${redis}`]),
      pgbouncer: () => {
        const file = writePgbouncer(folder, { port: bouncer ?? 0, databases: logins.databases, users: logins.users })
        // What it includes is found from where it is started.
        start('pgbouncer', [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), file], dirname(file))
      },
    },
    startNginx() {
      const gateways = plan.filter(({ name }) => name === 'gateway').map(({ port }) => port)
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

interface PgbouncerTerms {
  readonly port: number
  readonly databases: string
  readonly users: string
}

function writePgbouncer(folder: string, { port, databases, users }: PgbouncerTerms): string {
  const home = join(folder, 'pgbouncer')
  mkdirSync(home)
  const at = (name: string) => join(home, name)
  writeFileSync(at('databases.ini'), databases)
  writeFileSync(at('users.txt'), users)
  const place = [
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${at('users.txt')}`,
  ]
  writeFileSync(at('place.ini'), place.join('\n'))
  copyFileSync(inRoot('deploy/pgbouncer/pgbouncer.ini'), at('pgbouncer.ini'))
  return at('pgbouncer.ini')
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
