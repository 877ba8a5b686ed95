/** A folder for what is not worth keeping. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where Linux keeps files in memory. */
const memory = '/dev/shm'
/** A container may have no more than 64 MB there. */
const leastFreeBytes = 4 * 2 ** 30

/** In memory where there is room: on a disk it takes five times as long to make a database's files and to remove them. */
export function makeQuickFolder(name: string): string {
  if (!hasRoom()) return mkdtempSync(join(tmpdir(), `${name}-`))
  removeLeft(name)
  return mkdtempSync(join(memory, `${name}-${process.pid}-`))
}

function hasRoom(): boolean {
  if (process.platform !== 'linux' || !existsSync(memory)) return false
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= leastFreeBytes
}

/** What processes left behind that were killed: nobody else gives that memory back. */
function removeLeft(name: string): void {
  const ofProcess = new RegExp(`^${name}-(\\d+)-`)
  for (const folder of readdirSync(memory)) {
    const pid = ofProcess.exec(folder)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(memory, folder), { recursive: true, force: true })
  }
}
