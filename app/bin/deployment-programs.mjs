/** The servers of others that a deployment stands on, for its tests: those of the machine, else the system's packages where we may install them, else a line that says how. */
import { delimiter } from 'node:path'
import { run, say, seconds } from './child.mjs'
import { mayInstall, onPath } from './redis.mjs'

/** By the name of the program, which is that of its package, too. */
const programs = ['nginx', 'pgbouncer']

// Debian puts servers where only root's PATH leads.
const path = [process.env.PATH || '', '/usr/sbin', '/usr/local/sbin'].join(delimiter)
const missing = () => programs.filter((name) => !onPath(name, path))

/** `true` when the tests will have them. Never throws: a machine without them skips those tests. */
export async function ensureDeploymentPrograms() {
  if (missing().length === 0) return true
  if (mayInstall() && (await installMissing())) return true
  const names = missing().join(' and ')
  say(
    `! No ${names} here: what stands behind it is not tested. Install it (apt-get install nginx pgbouncer) and run again.`,
  )
  return false
}

async function installMissing() {
  const startedMs = performance.now()
  const names = missing()
  say(`… installing ${names.join(' and ')} from the system’s packages (once)`)
  // It is not to serve anything by itself.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env })
  if (missing().length === 0) say(`✓ installed ${names.join(' and ')} ${seconds(startedMs)}`)
  return missing().length === 0
}
