import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, pageWithAuthenticator, testChromium } from './support/browser.ts'
import { ask, bearer, mailsTo, nobody, type Person, registered, tokenIn } from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const openedAt = 'http://localhost:4000/dev/passkeys'

inEveryTopology((name) => {
  describe.skipIf(!testChromium())('a passkey in a real browser', () => {
    let topology: Topology
    let browser: Browser
    let page: Page
    let person: Person
    beforeAll(async () => {
      topology = await startTopology(name)
      const [gateway] = topology.gateways
      person = await registered(gateway)
      browser = await openBrowser(gateway)
      page = await pageWithAuthenticator(browser)
      await page.goto(openedAt)
    })
    afterAll(async () => {
      await browser?.close()
      await topology?.stop()
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
      await expect.poll(async () => (await links()).length, { timeout: 10_000 }).toBe(1)
      const [mail = expect.fail()] = await links()
      const link = `http://localhost:4000/sign-in?token=${tokenIn(mail)}`

      // It opens what it finds, runs its scripts, and presses by script what can be pressed.
      const scanner = await (await browser.newContext()).newPage()
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
      const { accessToken } = (await open.evaluate('heard')) as { accessToken: string }
      const { data } = await ask(topology.gateways[1], bearer(accessToken), '{ me { email } }')
      expect(data.me.email).toBe(person.email)
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
})
