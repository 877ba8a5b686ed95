/** A Postgres of a story's own, with all migrations applied, that trouble can be made for. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgres } from '@latchkey/app/postgres'
import { systemEntropy as entropy } from '@latchkey/clock'
import { openDatabase } from '@latchkey/prisma'
import { applyMigrations } from '@latchkey/prisma/migrations'
import { storePatienceMs } from '@latchkey/prisma/testing'
import pg from 'pg'

export interface OwnPostgres {
  /** Where it is now: a server that was killed comes back somewhere else. */
  url(): string
  /** Runs one statement as its owner. */
  run<Row>(text: string): Promise<Row[]>
  /** All its processes stand still from here on; gives the way back. */
  freeze(): Promise<() => void>
  /** Without a warning, all its processes at once; gives the way back. */
  kill(): Promise<() => Promise<void>>
  /** Nobody else reads or writes these tables until the way back is taken; whoever was in them has left. */
  lock(tables: string): Promise<() => Promise<unknown>>
  /** Nobody else gets a connection until the way back is taken. */
  takeAllConnections(): Promise<() => Promise<void>>
  stop(): Promise<void>
}

/** What is acknowledged is on the disk's way when a process is killed; a power cut is another story. */
const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '80' }

let statements = 0

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-own-postgres-'))
  let server = await startPostgres({ folder, entropy, settings })
  await applyMigrations(server.url)
  let owner = openDatabase({ url: server.url, poolMax: 2, patienceMs: storePatienceMs })
  const run = <Row>(text: string) => owner.query<Row>({ name: `story_${statements++}`, text }, [])
  /** The first process and those it has started. */
  const processes = async (): Promise<number[]> => {
    const [backend] = await run<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const first = parentOf(backend?.pid ?? 0)
    process.kill(first, 'SIGSTOP')
    return [first, ...childrenOf(first)]
  }
  const signal = (pids: readonly number[], name: NodeJS.Signals) => {
    for (const pid of pids) process.kill(pid, name)
  }
  return {
    url: () => server.url,
    run,
    async freeze() {
      const pids = await processes()
      signal(pids, 'SIGSTOP')
      return () => signal(pids, 'SIGCONT')
    },
    async kill() {
      const pids = await processes()
      signal(pids, 'SIGKILL')
      await owner.close()
      await server.lost
      return async () => {
        server = await startPostgres({ folder, entropy, settings })
        owner = openDatabase({ url: server.url, poolMax: 2, patienceMs: storePatienceMs })
      }
    },
    lock: (tables) => lock(server.url, tables),
    takeAllConnections: () => takeAllConnections(server.url, run),
    async stop() {
      await owner.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The fourth word after the name in brackets (proc(5)). */
function parentOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  return Number(rest.split(' ')[1])
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Boolean)
  return pids.filter((pid) => {
    try {
      return parentOf(pid) === parent
    } catch {
      return false
    }
  })
}

/** From a plain connection, which waits for a lock as long as it takes; of a deadlock one side is given up, perhaps this one. */
async function lock(url: string, tables: string): Promise<() => Promise<void>> {
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  const isHeld = () =>
    owner.query(`BEGIN; LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE`).then(
      () => true,
      () => owner.query('ROLLBACK').then(() => false),
    )
  while (!(await isHeld())) await pause(10)
  return () => owner.end()
}

const holders = 84

/** Whoever had a connection loses it, and finds that somebody else was quicker. */
async function takeAllConnections(url: string, run: (text: string) => Promise<unknown>): Promise<() => Promise<void>> {
  const hog = openDatabase({ url, poolMax: holders })
  let isOver = false
  let letGo = () => {}
  const over = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const hold = () => hog.prisma.$transaction(() => over, { timeout: 60_000 })
  const holding = Array.from({ length: holders }, async () => {
    while (!isOver) await hold().catch(() => pause(25))
  })
  for (let round = 0; round < 5; round++) {
    await run(
      String.raw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'latchkey\_%'`,
    ).catch(() => {})
    await pause(40)
  }
  return async () => {
    isOver = true
    letGo()
    await Promise.all(holding)
    await hog.close()
  }
}
