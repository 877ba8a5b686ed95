/** The promtool for the tests of alerts: the one on the PATH, else taken out of the system's package, which is not installed: it would start a server. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, run, say, seconds } from './child.mjs'
import { mayInstall, onPath } from './redis.mjs'

const folder = inRoot('node_modules', '.cache', 'promtool')
const unpacked = join(folder, 'usr', 'bin', 'promtool')

/** Where promtool is; `null`: there is none. */
export function promtool() {
  if (process.env.LATCHKEY_TEST_PROMTOOL) return process.env.LATCHKEY_TEST_PROMTOOL
  if (onPath('promtool')) return 'promtool'
  return existsSync(unpacked) ? unpacked : null
}

/** `true` when the tests will have one. Never throws: a machine without one skips those tests. */
export async function ensurePromtool() {
  if (promtool()) return true
  if (mayInstall() && (await unpack())) return true
  say('! No promtool here: the tests of alerts are skipped. Install it (apt-get install prometheus) and run again.')
  return false
}

async function unpack() {
  const startedMs = performance.now()
  say('… fetching promtool from the system’s packages (once)')
  mkdirSync(folder, { recursive: true })
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  const script = 'cd "$1" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb'
  await run('sh', ['-c', script, 'sh', folder], { env })
  if (promtool()) say(`✓ fetched promtool ${seconds(startedMs)}`)
  return promtool() !== null
}
