/** Requests that a page of another site makes a visitor's browser send. */
import { each, type Finding, probe } from '../probe.ts'
import type { Answer, Sent } from '../target.ts'

const query = 'mutation { signOut { sessionId } }'
const refused = ({ status, text }: Answer): Finding =>
  status >= 400 && status < 500 ? null : { broken: `answered ${status} ${text.slice(0, 80)}` }

const simple: readonly Sent[] = [
  { headers: { 'content-type': 'text/plain' }, body: JSON.stringify({ query }) },
  { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `query=${encodeURIComponent(query)}` },
  {
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query })}\r\n--x--`,
  },
  { headers: {}, body: JSON.stringify({ query }) },
]

export const cookies = [
  probe('requests that a browser sends unasked are refused', ({ send }) =>
    each(
      simple,
      async (sent) => refused(await send(sent)),
      ({ headers }) => JSON.stringify(headers),
    ),
  ),
  probe('nothing is changed by GET', async ({ send }) => {
    const headers = { 'apollo-require-preflight': 'true', accept: 'application/json' }
    return refused(await send({ method: 'GET', path: `/graphql?query=${encodeURIComponent(query)}`, headers }))
  }),
  probe('pages of other origins may not read answers', async ({ send }) => {
    const { headers } = await send({
      headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
      body: '{"query":"{ __typename }"}',
    })
    const allowed = headers.get('access-control-allow-origin')
    return allowed === '*' || allowed === 'https://evil.example' ? { broken: `allows ${allowed}` } : null
  }),
  probe('pages of other origins may not send the cookies of a session', async ({ send }) => {
    const headers = {
      'content-type': 'application/json',
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
      cookie: '__Host-latchkey-access=x; latchkey-access=x',
    }
    const { status } = await send({ headers, body: '{"query":"{ me { id } }"}' })
    return status === 401 || status === 403 ? null : { broken: `answered ${status}` }
  }),
]
