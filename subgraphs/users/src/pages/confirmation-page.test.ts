import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createContext, Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { showVerificationPage } from '../email/verification-page.ts'
import { showConfirmEmailPage, showUndoEmailChangePage } from '../email-change/pages.ts'
import { showNotMePage } from '../notices/not-me-page.ts'

const pages = {
  verifyEmail: showVerificationPage,
  confirmEmailChange: showConfirmEmailPage,
  undoEmailChange: showUndoEmailChangePage,
  reportNotMe: showNotMePage,
}
const wanted = {
  verifyEmail: 'VERIFIED',
  confirmEmailChange: 'CHANGED',
  undoEmailChange: 'UNDONE',
  reportNotMe: 'LOCKED',
}

async function fetched(show: RequestListener, method = 'GET') {
  const server = createServer(show)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/page?token=secret`, { method })
  const text = await response.text()
  server.close()
  return { response, text }
}

interface Asked {
  readonly query: string
  readonly variables: unknown
}

/** The page's script in a window of paper: what it says, what it asked, and its button. */
function played(html: string, answers: (object | Error)[], typed?: string) {
  const asked: Asked[] = []
  const said: string[] = []
  const button = { hidden: false, onclick: async () => {} }
  const field = html.includes('<input') ? { hidden: true, value: typed ?? '' } : null
  const paragraph = {
    set textContent(text: string) {
      said.push(text)
    },
  }
  const elements: Record<string, unknown> = { button, input: field, p: paragraph }
  const history: unknown[][] = []
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? ''
  const window = createContext({
    document: { querySelector: (name: string) => elements[name] },
    location: { search: '?token=tok-_1', pathname: '/page' },
    history: { replaceState: (...parts: unknown[]) => history.push(parts) },
    URLSearchParams,
    fetch: async (_url: string, { body }: { body: string }) => {
      asked.push(JSON.parse(body) as Asked)
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return { json: async () => answer }
    },
  })
  new Script(script).runInContext(window)
  return { asked, said, button, field, history }
}

describe.each(Object.keys(pages) as (keyof typeof pages)[])('the page of %s', (mutation) => {
  const show = pages[mutation]
  const outcome = (text: string) => ({ data: { [mutation]: { outcome: text } } })

  it('asks nothing when it is opened, takes the token out of the address, and does what its button says', async () => {
    const { text } = await fetched(show)
    const page = played(text, [outcome(wanted[mutation])])
    expect(page.asked).toEqual([])
    expect(page.history).toEqual([[null, '', '/page']])
    await page.button.onclick()
    expect(page.asked).toHaveLength(1)
    expect(page.asked[0]?.query).toContain(`${mutation}(input: $input) { outcome }`)
    expect(page.asked[0]?.variables).toEqual({ input: { token: 'tok-_1' } })
    expect(page.said.at(-1)).not.toMatch(/unknown|did not work/)
    expect(page.button.hidden).toBe(true)
  })

  it('says so when the token is refused, and lets try again when it could not ask', async () => {
    const { text } = await fetched(show)
    const page = played(text, [new Error('offline'), outcome('REFUSED')])
    await page.button.onclick()
    expect(page.said.at(-1)).toContain('Nothing was changed; try again')
    expect(page.button.hidden).toBe(false)
    await page.button.onclick()
    expect(page.said.at(-1)).toContain('unknown, used or too old')
  })

  it('runs no other script, tells nobody the token, and takes nothing but reading', async () => {
    const { response } = await fetched(show)
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]+';/,
    )
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await fetched(show, 'POST')).response.status).toBe(405)
    expect((await fetched(show, 'HEAD')).text).toBe('')
  })
})

describe('the page of verifyEmail', () => {
  it('asks for the password when the token alone was refused', async () => {
    const { text } = await fetched(showVerificationPage)
    const refused = { data: { verifyEmail: { outcome: 'REFUSED' } } }
    const page = played(text, [refused, { data: { verifyEmail: { outcome: 'VERIFIED' } } }], 'my passphrase')
    await page.button.onclick()
    expect(page.field?.hidden).toBe(false)
    expect(page.button.hidden).toBe(false)
    await page.button.onclick()
    expect(page.asked[1]?.variables).toEqual({ input: { token: 'tok-_1', password: 'my passphrase' } })
    expect(page.said.at(-1)).toContain('confirmed')
  })
})
