/** A real Chromium with an authenticator that needs no hands: it holds passkeys and verifies its user. */
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

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

/** A machine that tests everything at once is slow. */
const patienceMs = 100_000

/**
 * A browser with a profile of its own. For it each name, such as `localhost:4000`, is where the URL beside it leads: passkeys
 * and cookies know their origin.
 */
export function openBrowser(places: Readonly<Record<string, string>>): Promise<Browser> {
  const executablePath = testChromium()
  if (!executablePath) throw new Error('this machine has no Chromium')
  const rules = Object.entries(places).map(([name, url]) => `MAP ${name} ${new URL(url).host}`)
  const args = [...quiet, `--host-resolver-rules=${rules.join(',')}`]
  return chromium.launch({ executablePath, args, timeout: patienceMs })
}

/** Somebody's own cookies and pages. */
export async function openContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  context.setDefaultTimeout(patienceMs)
  return context
}

/** Serves an empty page at every path: what scripts can do depends on its origin alone. */
export async function serveEmptyPages(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

/** A page whose authenticator is built in, keeps discoverable passkeys and verifies its user. */
export async function pageWithAuthenticator(browser: Browser): Promise<Page> {
  const page = await (await openContext(browser)).newPage()
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
