/** A Chromium for the stories with a real browser: the one on the PATH, else the system's package where we may install it, else a line that says how. */
import { run, say, seconds } from './child.mjs'
import { mayInstall, onPath } from './redis.mjs'

const browsers = ['chromium', 'chromium-browser', 'google-chrome']

const hasChromium = () => Boolean(process.env.LATCHKEY_TEST_CHROMIUM) || browsers.some((name) => onPath(name))

/** `true` when the stories will have a browser. Never throws: a machine without one skips those stories. */
export async function ensureChromium() {
  if (hasChromium()) return true
  if (mayInstall() && (await installChromium())) return true
  say(
    '! No Chromium here: the stories with a browser are skipped. Install it (apt-get install chromium) and run again.',
  )
  return false
}

async function installChromium() {
  const startedMs = performance.now()
  say('… installing chromium from the system’s packages (once)')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env })
  if (hasChromium()) say(`✓ installed chromium ${seconds(startedMs)}`)
  return hasChromium()
}
