import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, openContext, pageWithAuthenticator, serveEmptyPages, testChromium } from './support/browser.ts'
import { ask, bearer, mailsTo, nobody, type Person, registered, signedIn, tokenIn } from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const openedAt = 'http://localhost:4000/dev/passkeys'
const app = 'http://localhost:3000'
/** Of the same site, so that even cookies that are strict about sites come along; not named by the operator. */
const sibling = 'http://localhost:3001'
const evil = 'http://evil.example:3000'

/** What a page may send without asking first. Its answers cannot be read: what they did is looked at afterwards. */
const unasked = `(async () => {
  const url = 'http://localhost:4000/graphql'
  const simple = { mode: 'no-cors', credentials: 'include' }
  const body = JSON.stringify({ query: 'mutation{signOut{sessionId}}' })
  await fetch(url, { ...simple, method: 'POST', body }).catch(() => {})
  await fetch(url + '?query=' + encodeURIComponent('mutation{signOut{sessionId}}'), simple).catch(() => {})
  const form = document.createElement('form')
  Object.assign(form, { method: 'post', action: url, enctype: 'text/plain' })
  form.innerHTML = \`<input name='{"query":"mutation{signOut{sessionId}}","x":"' value='"}'>\`
  document.body.append(form)
  form.submit()
})()`

inEveryTopology((name) => {
  if (!testChromium()) return it.skip('this machine has no Chromium', () => {})
  let topology: Topology
  let gateway: string
  let pages: Awaited<ReturnType<typeof serveEmptyPages>>
  let browser: Browser
  beforeAll(async () => {
    topology = await startTopology(name, { settings: { LATCHKEY_ORIGINS: app } })
    gateway = topology.gateways[0]
    pages = await serveEmptyPages()
    const served = [app, sibling, evil].map((origin) => [new URL(origin).host, pages.url])
    browser = await openBrowser({ 'localhost:4000': gateway, ...Object.fromEntries(served) })
  })
  afterAll(async () => {
    await browser?.close()
    pages?.close()
    await topology?.stop()
  })

  describe('a passkey in a real browser', () => {
    let page: Page
    let person: Person
    beforeAll(async () => {
      person = await registered(gateway)
      page = await pageWithAuthenticator(browser)
      await page.goto(openedAt)
    })

    /** Presses a button and waits for what the page says then. */
    async function press(button: string, expected: RegExp): Promise<string> {
      await page.click(`#${button}`)
      const said = page.locator('#said')
      await said.filter({ hasText: /^(?!…$).+/ }).waitFor()
      const text = (await said.textContent()) ?? ''
      expect(text).toMatch(expected)
      return text
    }
    const token = () => page.inputValue('#token')
    const me = async () => {
      const query = '{ me { secondFactors recoveryCodesLeft passkeys { name lastUsedAt } } session { id current } }'
      return (await ask(topology.gateways[1], bearer(await token()), query)).data
    }
    const withPassword = (expected: RegExp) => press('sign-in', expected)

    it('is enrolled by a person who has signed in with the password', async () => {
      await page.fill('#email', person.email)
      await page.fill('#password', person.password)
      await withPassword(/^Signed in with aal1 \(pwd\)$/)
      await page.fill('#name', 'a test device')
      await press('enrol', /^The passkey was added\.$/)
      expect((await page.textContent('#codes'))?.split('\n')).toHaveLength(10)
      expect((await me()).me).toEqual({
        secondFactors: ['PASSKEY', 'RECOVERY_CODE'],
        recoveryCodesLeft: 10,
        passkeys: [{ name: 'a test device', lastUsedAt: null }],
      })
    })

    it('signs in alone, as two factors, on every gateway', async () => {
      await press('sign-out', /^Signed out\.$/)
      await press('sign-in-passkey', /^Signed in with aal2 \(hwk, user, mfa\)$/)
      expect(await me()).toMatchObject({
        me: { passkeys: [{ lastUsedAt: expect.any(String) }] },
        session: { current: true },
      })
    })

    it('is offered where the address is typed', async () => {
      await press('sign-out', /^Signed out\.$/)
      await press('offer', /^Signed in with aal2 \(hwk, user, mfa\)$/)
    })

    it('signs in after the password', async () => {
      await press('sign-out', /^Signed out\.$/)
      await withPassword(/^One thing more is asked for: PASSKEY, RECOVERY_CODE$/)
      expect(await token()).toBe('')
      await press('second-passkey', /^Signed in with aal2 \(pwd, hwk, user, mfa\)$/)
    })

    it('gives way to a recovery code, once', async () => {
      const [code = ''] = ((await page.textContent('#codes')) ?? '').split('\n')
      for (const expected of [/^Signed in with aal2 \(pwd, otp, mfa\)$/, /^Refused\. Try another code/]) {
        await withPassword(/^One thing more/)
        await page.selectOption('#kind', 'recoveryCode')
        await page.fill('#code', code.toLowerCase())
        await press('second-code', expected)
      }
    })

    it('is asked for besides a mail, which a scanner cannot use up', async () => {
      const [gateway] = topology.gateways
      const askFor = 'mutation ($email: String!) { requestMagicLink(input: { email: $email }) { challengeId } }'
      await ask(gateway, nobody, askFor, { email: person.email })
      const links = async () => (await mailsTo(gateway, person.email)).filter(({ subject }) => subject === 'Sign in')
      await expect.poll(async () => (await links()).length).toBe(1)
      const [mail = expect.fail()] = await links()
      const link = `http://localhost:4000/sign-in?token=${tokenIn(mail)}`

      // It opens what it finds, runs its scripts, and presses by script what can be pressed.
      const scanner = await (await openContext(browser)).newPage()
      for (let turn = 0; turn < 3; turn++) {
        await scanner.goto(link)
        await scanner.evaluate(`document.querySelectorAll('button').forEach((button) => button.click())`)
        await scanner.evaluate(`document.querySelectorAll('form').forEach((form) => form.requestSubmit())`)
      }
      expect(await scanner.textContent('p')).toContain('Press the button')

      const open = await page.context().newPage()
      await open.goto(openedAt)
      // Not waited for: it is what comes of the press.
      const hears = `void (heard = new Promise((resolve) => {
        new BroadcastChannel('latchkey').onmessage = ({ data }) => resolve(data) }))`
      await open.evaluate(hears)
      await page.goto(link)
      expect(new URL(page.url()).search).toBe('')
      await page.click('#go')
      await page.click('#passkey')
      await page
        .locator('p')
        .filter({ hasText: /^You are signed in\.$/ })
        .waitFor()
      // The other page hears who it is and no token, and the browser is signed in by its cookies.
      const ids = { session: { id: expect.stringMatching(/^ses_/) }, user: { id: expect.stringMatching(/^usr_/) } }
      expect(await open.evaluate('heard')).toEqual({ __typename: 'SignedIn', expiresAt: expect.any(String), ...ids })
      const me = `fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ me { email } }' }) }).then((answer) => answer.json())`
      expect(await open.evaluate(me)).toEqual({ data: { me: { email: person.email } } })
      await page.goto(link)
      await page.click('#go')
      await page
        .locator('p')
        .filter({ hasText: /^Ask for another mail/ })
        .waitFor()
    })

    it('signs nobody in whose device holds none', async () => {
      const stranger = await pageWithAuthenticator(browser)
      await stranger.goto(openedAt)
      await stranger.click('#sign-in-passkey')
      await stranger
        .locator('#said')
        .filter({ hasText: /^That did not work/ })
        .waitFor()
      expect(await stranger.inputValue('#token')).toBe('')
    })
  })

  describe('a session in cookies of a real browser', () => {
    const signIn = `mutation ($input: SignInInput!) { entered: signIn(input: $input) {
      ... on SignedIn { a: accessToken refreshToken user { id } } } }`
    const refresh = 'mutation { refreshSession { ... on SignedIn { accessToken refreshToken session { id } } } }'
    const signOut = 'mutation { signOut { sessionId } }'
    const me = '{ me { email } }'
    const asking = { 'x-latchkey-auth-mode': 'cookie' }
    let context: BrowserContext
    let page: Page
    let person: Person
    beforeAll(async () => {
      person = await registered(gateway)
      context = await openContext(browser)
      page = await openAt(app)
      const { email, password } = person
      await tell(page, { query: signIn, variables: { input: { email, password } } }, asking)
    })
    afterAll(() => context?.close())

    async function openAt(origin: string): Promise<Page> {
      const opened = await context.newPage()
      await opened.goto(`${origin}/`)
      return opened
    }
    /** What a script of the page reads of the answer. */
    const tell = (from: Page, body: object, headers: Record<string, string> = {}) =>
      from.evaluate(
        async (init) => {
          const answer = await fetch('http://localhost:4000/graphql', { ...init, credentials: 'include' })
          // biome-ignore lint/suspicious/noExplicitAny: a story reads whatever it asked for
          const { data, errors }: any = await answer.json()
          return { status: answer.status, data, errors }
        },
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) },
      )
    const jar = async () => (await context.cookies('http://localhost:4000')).map((cookie) => cookie.name).sort()

    it('shows a script who is signed in, and no token', async () => {
      const again = await tell(page, { query: signIn, variables: { input: person } }, asking)
      expect(again.data.entered).toEqual({ a: '', refreshToken: '', user: { id: expect.stringMatching(/^usr_/) } })
      expect((await tell(page, { query: me })).data).toEqual({ me: { email: person.email } })
      expect(await page.evaluate('document.cookie')).toBe('')
      expect(await jar()).toEqual(['latchkey', 'latchkey-device', 'latchkey-refresh'])
    })

    it('goes on for two tabs that refresh at once, without a token for either', async () => {
      const other = await openAt(app)
      const answers = await Promise.all([page, other].map((tab) => tell(tab, { query: refresh })))
      const [one, two] = answers.map(({ data }) => data.refreshSession)
      expect(one).toEqual({ accessToken: '', refreshToken: '', session: { id: expect.any(String) } })
      expect(two).toEqual(one)
      for (const tab of [other, page])
        expect(await tell(tab, { query: refresh })).toMatchObject({ data: { refreshSession: one } })
      for (const tab of [page, other]) expect((await tell(tab, { query: me })).data.me.email).toBe(person.email)
    })

    it('is refused beside a bearer token of somebody else, and not beside one of the same person', async () => {
      const [eve, same] = [await signedIn(gateway), await signedIn(gateway, person)]
      const beside = await tell(page, { query: me }, bearer(eve.accessToken))
      expect([beside.status, beside.errors[0].extensions.code]).toEqual([401, 'CREDENTIAL_REJECTED'])
      await tell(page, { query: refresh })
      expect(await tell(page, { query: me }, bearer(same.accessToken))).toMatchObject({ status: 200 })
    })

    it.each([sibling, evil])('is of no use to a page of %s, however it asks', async (origin) => {
      const stranger = await openAt(origin)
      await expect(tell(stranger, { query: signOut })).rejects.toThrow('Failed to fetch')
      await expect(tell(stranger, { query: refresh }, asking)).rejects.toThrow('Failed to fetch')
      await Promise.all([stranger.waitForNavigation(), stranger.evaluate(unasked)])
      expect((await tell(page, { query: me })).data).toEqual({ me: { email: person.email } })
    })

    it('ends with its cookies, and the browser stays known', async () => {
      expect((await tell(page, { query: signOut })).data.signOut.sessionId).toMatch(/^ses_/)
      expect(await jar()).toEqual(['latchkey-device'])
      expect(await tell(page, { query: me })).toMatchObject({ status: 401 })
    })
  })
})
