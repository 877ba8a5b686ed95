/** A Redis for the tests: the one on the PATH, else the system's package where we may install it, else a line that says how. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, say, seconds } from './child.mjs'

const servers = ['redis-server', 'valkey-server']

export function onPath(name, path = process.env.PATH || '') {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}

const hasRedis = () => Boolean(process.env.LATCHKEY_TEST_REDIS_URL) || servers.some((name) => onPath(name))
export const mayInstall = () => process.platform === 'linux' && process.getuid() === 0 && onPath('apt-get')

/** `true` when the tests will have a Redis. Never throws: a machine without one skips those tests. */
export async function ensureRedis() {
  if (hasRedis()) return true
  if (mayInstall() && (await installRedis())) return true
  say(
    '! No Redis here: its tests are skipped. Install it (apt-get install redis-server, brew install redis) and run again.',
  )
  return false
}

async function installRedis() {
  const startedMs = performance.now()
  say('… installing redis-server from the system’s packages (once)')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], { env })
  if (hasRedis()) say(`✓ installed redis-server ${seconds(startedMs)}`)
  return hasRedis()
}
