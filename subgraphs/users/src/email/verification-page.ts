/** The page that the link in a confirmation mail opens. Opening it changes nothing: mail scanners open links too. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

const script = `
const token = new URLSearchParams(location.search).get('token') ?? ''
const say = (text) => { document.querySelector('p').textContent = text }
const query = 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { outcome } }'
history.replaceState(null, '', location.pathname)
document.querySelector('button').onclick = async ({ target }) => {
  target.hidden = true
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables: { token } }) })
    const { data } = await answer.json()
    say(data.verifyEmail.outcome === 'VERIFIED'
      ? 'Your address is confirmed. You can sign in now.'
      : 'This link is unknown, used or too old. Register again to receive a new one.')
  } catch {
    target.hidden = false
    say('That did not work just now. Nothing was changed; try again in a moment.')
  }
}`

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}'

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Confirm your address</title><style>${style}</style><h1>Confirm your address</h1>
<p>Press the button to confirm that this address is yours.</p><button type="button">Confirm</button>
<noscript>Without JavaScript, send the mutation verifyEmail with the token from the link.</noscript>
<script>${script}</script></html>
`

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const headers = {
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
}

export function showVerificationPage({ method }: IncomingMessage, response: ServerResponse): void {
  if (method === 'GET' || method === 'HEAD') response.writeHead(200, headers).end(method === 'GET' ? page : undefined)
  else response.writeHead(405, { allow: 'GET, HEAD' }).end()
}
