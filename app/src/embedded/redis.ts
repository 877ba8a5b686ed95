/** The embedded Redis: the machine's own redis-server or valkey-server, its append-only file in a folder of ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Entropy } from '@latchkey/clock'
import { makePrivate } from './data-folder.ts'
import { end, markOf, readMark } from './processes.ts'
import { startServer } from './server.ts'

export interface EmbeddedRedis {
  /** `redis://…` with its password. */
  readonly url: string
  /** Resolves with the last lines of its log when it ends without having been asked to. */
  readonly lost: Promise<string>
  /** Ends it in order; its data is on disk then. */
  stop(): Promise<void>
}

export interface RedisTerms {
  /** Where its data lives; made when missing. The caller holds the claim on the data folder around it. */
  readonly folder: string
  readonly entropy: Entropy
  /** The folders to look for a server in, as in the variable PATH. */
  readonly path: string
}

const servers = ['redis-server', 'valkey-server']
const patienceMs = 10_000

/** Starts it as it was left; what a killed run left running is ended first. `null` when this machine has no server. */
export async function startRedis({ folder, entropy, path }: RedisTerms): Promise<EmbeddedRedis | null> {
  const program = findRedis(path)
  if (!program) return null
  makePrivate(folder)
  const markFile = join(folder, 'server.json')
  const orphan = readMark(markFile)
  if (orphan) await end(orphan, { ask: 'SIGTERM', patienceMs })
  const password = Buffer.from(entropy.bytes(24)).toString('hex')
  const server = await startServer({
    name: program,
    ready: /ready to accept connections/i,
    ask: 'SIGTERM',
    insist: 'SIGKILL',
    runAs: {},
    launch: (port) => launch(program, folder, configuration(folder, { port, password })),
  })
  writeFileSync(markFile, JSON.stringify(markOf(server.pid)), { mode: 0o600 })
  return { url: `redis://:${password}@127.0.0.1:${server.port}`, lost: server.lost, stop: server.stop }
}

/** The server's program on this PATH, or `null`. */
export function findRedis(path: string): string | null {
  const folders = path.split(delimiter).filter(isAbsolute)
  return servers.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable) ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function launch(program: string, folder: string, content: string): ChildProcess {
  const config = join(folder, 'redis.conf')
  rmSync(config, { force: true })
  // In a file, since anyone on the machine may read the arguments of a process.
  writeFileSync(config, content, { mode: 0o600 })
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  return spawn(program, [config], { cwd: folder, env, detached: true, stdio: 'pipe' })
}

const configuration = (folder: string, { port, password }: { port: number; password: string }): string =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${folder.replace(/["\\]/g, '\\$&')}"`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    // A session that is dropped for room is a person signed out: refusing new ones is the lesser evil.
    'maxmemory-policy noeviction',
    '',
  ].join('\n')
