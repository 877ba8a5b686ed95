/** A Postgres of a story's own with a replica that streams from it: a copy of its files, taken while it stood still. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startPostgres } from '@latchkey/app/postgres'
import { systemEntropy as entropy } from '@latchkey/clock'
import { type Database, openDatabase } from '@latchkey/prisma'
import { applyMigrations } from '@latchkey/prisma/migrations'
import { storePatienceMs } from '@latchkey/prisma/testing'

export interface OwnReplica {
  readonly primaryUrl: string
  readonly replicaUrl: string
  /** Runs one statement as the owner of the primary. */
  onPrimary<Row>(text: string): Promise<Row[]>
  /** The same of the replica. */
  onReplica<Row>(text: string): Promise<Row[]>
  /** Ends the replica; what is asked of it finds nobody. */
  endReplica(): Promise<void>
  stop(): Promise<void>
}

const settings = { fsync: 'off', full_page_writes: 'off' }

const connectionTo = (url: string): string => {
  const { hostname, port, username, password } = new URL(url)
  return `host=${hostname} port=${port} user=${username} password=${password}`
}

/** With `initdb` and `postgres` alone: the package has no `pg_basebackup`. */
function copyOf(primary: string, folder: string): void {
  // With their owner, who is another one where this is run by root.
  execFileSync('cp', ['-a', primary, folder])
  writeFileSync(join(folder, 'cluster-18', 'standby.signal'), '')
}

export async function startWithReplica(): Promise<OwnReplica> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-replica-'))
  const [home, copy] = [join(folder, 'primary'), join(folder, 'replica')]
  const first = await startPostgres({ folder: home, entropy, settings })
  await applyMigrations(first.url)
  await first.stop()
  copyOf(home, copy)
  const primary = await startPostgres({ folder: home, entropy, settings })
  try {
    const following = { ...settings, primary_conninfo: connectionTo(primary.url) }
    return standing(folder, primary, await startPostgres({ folder: copy, entropy, settings: following }))
  } catch (thrown) {
    await primary.stop()
    throw thrown
  }
}

function standing(folder: string, primary: EmbeddedPostgres, replica: EmbeddedPostgres): OwnReplica {
  const owners = {
    primary: openDatabase({ url: primary.url, patienceMs: storePatienceMs }),
    replica: openDatabase({ url: replica.url, patienceMs: storePatienceMs }),
  }
  const run = async <Row>(database: Database, text: string) => database.query<Row>({ name: '', text }, [])
  let isThere = true
  async function endReplica(): Promise<void> {
    if (!isThere) return
    isThere = false
    await owners.replica.close()
    await replica.stop()
  }
  return {
    primaryUrl: primary.url,
    replicaUrl: replica.url,
    onPrimary: (text) => run(owners.primary, text),
    onReplica: (text) => run(owners.replica, text),
    endReplica,
    async stop() {
      await endReplica()
      await owners.primary.close()
      await primary.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
