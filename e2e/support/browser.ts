/** A real Chromium with an authenticator that needs no hands: it holds passkeys and verifies its user. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome']

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Where the machine has one; null when it has none. */
export function testChromium(): string | null {
  const named = process.env.LATCHKEY_TEST_CHROMIUM
  if (named) return named
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram) ?? null
}

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser with a profile of its own, for which `localhost` is that gateway, whatever the port: passkeys know their origin. */
export function openBrowser(gateway: string): Promise<Browser> {
  const executablePath = testChromium()
  if (!executablePath) throw new Error('this machine has no Chromium')
  const { host } = new URL(gateway)
  return chromium.launch({ executablePath, args: [...quiet, `--host-resolver-rules=MAP localhost ${host}`] })
}

/** A page whose authenticator is built in, keeps discoverable passkeys and verifies its user. */
export async function pageWithAuthenticator(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return page
}
