/** The pages that links in mails open. Opening one changes nothing: mail scanners open links too. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Page {
  readonly title: string
  /** HTML below the title; its first `p` is what the page says. */
  readonly body: string
  /** The mutation that needs no page, for who has no JavaScript. */
  readonly mutation: string
  /** JavaScript; finds `token` from the link, `say` for the first `p`, and `send` for an operation with its variables, and headers. */
  readonly script: string
}

export type ShowPage = (request: IncomingMessage, response: ServerResponse) => void

const shared = `
const token = new URLSearchParams(location.search).get('token') ?? ''
history.replaceState(null, '', location.pathname)
const say = (text) => { document.querySelector('p').textContent = text }
const send = async (query, variables, more) => {
  const headers = { 'content-type': 'application/json', ...more }
  const answer = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  return answer.json()
}
`

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}button,input{font:inherit;padding:.5rem 1rem}input{display:block;width:100%;box-sizing:border-box;margin:0 0 1rem}'

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing runs and nothing is drawn but these two, and nobody is told where the page was. */
export const pageHeaders = (script: string, style: string) => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // The token is in the address: nothing may be told it, and nothing else may run here.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
})

/** Answers GET and HEAD with the page, and nothing else. */
export function createPage({ title, body, mutation, script: own }: Page): ShowPage {
  const script = `${shared}${own}`
  const headers = pageHeaders(script, style)
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${style}</style><h1>${title}</h1>
${body}
<noscript>Without JavaScript, send the mutation ${mutation} with the token from the link.</noscript>
<script>${script}</script></html>
`
  return ({ method }, response) => {
    if (method === 'GET' || method === 'HEAD') response.writeHead(200, headers).end(method === 'GET' ? html : undefined)
    else response.writeHead(405, { allow: 'GET, HEAD' }).end()
  }
}
