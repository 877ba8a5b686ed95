/** The folder that keeps what Latchkey must not lose: made private, and used by one process at a time. */
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fault, systemCode } from './fault.ts'
import { isAlive, markOf, type ProcessMark, readMark } from './processes.ts'

export interface DataFolder {
  readonly path: string
  /** Leaves the folder to the next process. */
  release(): void
}

const lockName = 'latchkey.lock'
// A run whose terminal or launcher was just killed is still draining: the next one waits for it this long.
const graceMs = 3_000

/**
 * Makes `path` (mode 0700) and claims it. Refuses with one line that names the process which has it; what a killed run left is taken over.
 */
export async function claimDataFolder(path: string): Promise<DataFolder> {
  makePrivate(path)
  const lock = join(path, lockName)
  const us = markOf(process.pid)
  for (let waited = 0; ; waited += 100) {
    const owner = tryClaim(lock, us)
    if (!owner) return { path, release: () => releaseIfOurs(lock, us) }
    if (waited >= graceMs) throw inUse(path, owner)
    await pause(100)
  }
}

const inUse = (path: string, { pid }: ProcessMark) =>
  fault(
    `${path} is in use by process ${pid}, another Latchkey. Stop it (kill ${pid}), or set LATCHKEY_DATA_DIR to a folder of its own.`,
  )

/** Makes a folder that only this user may read. Others may pass through one that postgres.ts opened for its own user. */
export function makePrivate(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(path)
    if (uid === process.getuid?.() && (mode & 0o066) !== 0) chmodSync(path, 0o700)
    writeFileSync(join(path, '.write-probe'), '')
    rmSync(join(path, '.write-probe'), { force: true })
  } catch (thrown) {
    throw unwritable(path, thrown)
  }
}

function unwritable(path: string, thrown: unknown): Error {
  const reasons: Record<string, string> = {
    EACCES: 'this user has no permission to write there',
    EPERM: 'this user has no permission to write there',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    ENOTDIR: 'a part of that path is a file',
    EEXIST: 'there is a file of that name',
  }
  const reason = reasons[systemCode(thrown)]
  return reason
    ? fault(
        `The data folder ${path} cannot be used: ${reason}. Mend that, or set LATCHKEY_DATA_DIR to another folder.`,
        thrown,
      )
    : (thrown as Error)
}

/** `null` when the lock is ours now, else whose it is. A link appears whole or not at all, so no reader sees half a lock. */
function tryClaim(lock: string, us: ProcessMark): ProcessMark | null {
  const draft = `${lock}.${us.pid}`
  writeFileSync(draft, JSON.stringify(us), { mode: 0o600 })
  try {
    linkSync(draft, lock)
    return null
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST') throw thrown
  } finally {
    rmSync(draft, { force: true })
  }
  const owner = readMark(lock)
  if (owner && isAlive(owner)) return owner
  dropStale(lock, owner)
  return owner ?? us
}

/** Two starts may find the same stale lock: the rename lets one of them take it away, and never a lock made since. */
function dropStale(lock: string, stale: ProcessMark | null): void {
  const aside = `${lock}.stale-${process.pid}`
  try {
    renameSync(lock, aside)
    const taken = readMark(aside)
    if (taken && (taken.pid !== stale?.pid || taken.startedAt !== stale.startedAt)) linkSync(aside, lock)
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT' && systemCode(thrown) !== 'EEXIST') throw thrown
  } finally {
    rmSync(aside, { force: true })
  }
}

function releaseIfOurs(lock: string, us: ProcessMark): void {
  try {
    if (readFileSync(lock, 'utf8') === JSON.stringify(us)) rmSync(lock, { force: true })
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown
  }
}
