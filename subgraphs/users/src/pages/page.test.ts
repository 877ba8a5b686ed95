import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { showVerificationPage } from '../email/verification-page.ts'
import { showInvitationPage, showResetPage } from '../passwords/reset/new-password-pages.ts'
import { showSignInPage } from '../sign-in-mails/sign-in-page.ts'

const pages = {
  '/verify-email': showVerificationPage,
  '/reset-password': showResetPage,
  '/accept-invitation': showInvitationPage,
  '/sign-in': showSignInPage,
} as const
const server = createServer((request, response) =>
  pages[request.url?.split('?')[0] as keyof typeof pages](request, response),
)
let url: string
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const read = async (path: string) => {
  const response = await fetch(`${url}${path}?token=secret-token`)
  return { response, html: await response.text() }
}
const between = (html: string, tag: string) => new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)?.[1] ?? ''
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

describe.each(Object.keys(pages))('the page %s', (path) => {
  it('lets nothing run but its own script, tells nobody its address, and is kept nowhere', async () => {
    const { response, html } = await read(path)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain(`script-src ${hashOf(between(html, 'script'))};`)
    expect(policy).toContain(`style-src ${hashOf(between(html, 'style'))};`)
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('has a script that parses, and does not show the token', async () => {
    const { html } = await read(path)
    expect(() => new Function(between(html, 'script'))).not.toThrow()
    expect(html).not.toContain('secret-token')
  })

  it('is read only', async () => {
    const response = await fetch(`${url}${path}`, { method: 'POST' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await fetch(`${url}${path}`, { method: 'HEAD' })).status).toBe(200)
  })
})

describe.each(['/reset-password', '/accept-invitation'])('the page %s', (path) => {
  it('asks for a password that a manager may fill in, and cuts nothing off', async () => {
    const { html } = await read(path)
    const [input = ''] = /<input[^>]*>/.exec(html) ?? []
    expect(input).toContain('type="password"')
    expect(input).toContain('autocomplete="new-password"')
    expect(input).not.toContain('maxlength')
    expect(html).not.toContain('onpaste')
  })
})

describe('the page /sign-in', () => {
  it('asks for cookies and for no token, so that it has none to hand on', async () => {
    const script = between((await read('/sign-in')).html, 'script')
    expect(script).toContain("{ 'x-latchkey-auth-mode': 'cookie' }")
    expect(script).not.toMatch(/accessToken|refreshToken|deviceToken/)
  })

  it.each(['SignInRefused', 'SessionLimitReached'])(
    'says what can be done, and hands nothing on, after %s',
    async (type) => {
      const script = between((await read('/sign-in')).html, 'script')
      const elements: Record<string, { textContent?: string; onclick?: (event: object) => Promise<void> }> = {}
      const element = (name: string) => {
        elements[name] ??= {}
        return elements[name]
      }
      const posted: unknown[] = []
      const fetched = async (_path: string, { body }: { body: string }) => {
        const told = body.includes(`... on ${type} { remedy }`) ? { remedy: 'Another way.' } : {}
        return { json: async () => ({ data: { signInWithMagicLink: { __typename: type, ...told } } }) }
      }
      class Channel {
        postMessage = (message: unknown) => posted.push(message)
      }
      const names = ['document', 'location', 'history', 'fetch', 'BroadcastChannel']
      new Function(...names, script)(
        { getElementById: element, querySelector: element },
        { search: '?token=secret-token', pathname: '/sign-in' },
        { replaceState() {} },
        fetched,
        Channel,
      )
      await element('go').onclick?.({ preventDefault() {}, isTrusted: true })
      expect([element('p').textContent, posted]).toEqual(['Another way.', []])
    },
  )
})
