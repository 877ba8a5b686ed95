import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, pageWithAuthenticator, testChromium } from './support/browser.ts'
import { ask, bearer, type Person, registered } from './support/client.ts'
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
