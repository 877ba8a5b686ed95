/** Other ways in than a question to `/graphql`: streams, the exchange for routers, explaining, operations by their hash, what stands beside. */
import { createHash } from 'node:crypto'
import { each, type Finding, probe, refusedWith } from '../probe.ts'
import { type Answer, bearer, type Target } from '../target.ts'
import { belongingsOf } from './objects.ts'

const stream = { 'content-type': 'application/json', accept: 'text/event-stream' }

const streamed = ({ send }: Target, query: string, headers: Readonly<Record<string, string>> = {}) =>
  send({ headers: { ...stream, ...headers }, body: JSON.stringify({ query }) })

/** An event is text: what it refuses with stands in it. */
function toldOf({ text, status }: Answer, ...codes: readonly string[]): Finding {
  return codes.some((code) => text.includes(`"${code}"`)) ? null : { broken: `${status} ${text.slice(0, 120)}` }
}

const forged = `${Buffer.from('{"alg":"none","typ":"latchkey-principal+jwt"}').toString('base64url')}.${Buffer.from(
  '{"iss":"hive","aud":"gateway","exp":99999999999}',
).toString('base64url')}.`

const isForDevelopment = async ({ send }: Target) =>
  (await send({ method: 'GET', path: '/dev/mail?to=nobody@example.com' })).status === 200

const mutationsTold = '{ __type(name: "Mutation") { fields { name } } }'

const streams = [
  probe('nobody opens a stream of what happens to somebody', (target) =>
    each(
      ['subscription { securityEvent { id } }', 'subscription { sessionEnded { sessionId } }'],
      async (query) => toldOf(await streamed(target, query), 'UNAUTHENTICATED'),
      String,
    ),
  ),
  probe('nobody opens a stream about a key of somebody else', async (target) => {
    if (!target.people) return { leftOut: 'nobody to sign in' }
    const [ada, eve] = target.people
    const { keyId } = await belongingsOf(target, ada)
    const query = `subscription { apiKeyUsed(id: "${keyId}") { __typename } }`
    return toldOf(await streamed(target, query, bearer(eve)), 'NOT_FOUND')
  }),
  probe('many guesses at a password in one stream', async (target) => {
    const guess = 'signIn(input: { email: "nobody.is.here@example.com", password: "x" }) { __typename }'
    const guesses = Array.from({ length: 50 }, (_, n) => `g${n}: ${guess}`)
    return toldOf(await streamed(target, `mutation { ${guesses.join(' ')} }`), 'OPERATION_TOO_COSTLY')
  }),
]

const exchange = [
  probe('credentials are exchanged for no stranger', ({ send }) =>
    each(
      ['', 'x', forged],
      async (envelope) => {
        const headers = { 'content-type': 'application/json', 'latchkey-principal': envelope }
        const body = JSON.stringify({ audiences: ['users'], query: '{ me { id } }', variables: {} })
        const { status, text } = await send({ path: '/principal', headers, body })
        return status >= 400 && status < 500 && !text.includes('"principals"') ? null : { broken: `answered ${status}` }
      },
      (envelope) => `with "${envelope.slice(0, 20)}"`,
    ),
  ),
]

const about = (who: string) => `{ explainAccess(input: { operation: "{ me { email } }", as: ${who} }) { decision } }`

const explaining = [
  probe('nobody is told why somebody may not', async ({ ask }) =>
    refusedWith(await ask(about('{ anonymous: true }')), 'UNAUTHENTICATED'),
  ),
  probe('an ordinary person is told about themselves alone', async ({ ask, people }) => {
    if (!people) return { leftOut: 'nobody to sign in' }
    return each(
      [about('{ userId: "usr_1" }'), about('{ roles: ["admin"] }'), about('{ anonymous: true }')],
      async (query) => refusedWith(await ask(query, {}, bearer(people[0])), 'FORBIDDEN', 'NOT_FOUND'),
      String,
    )
  }),
  probe('the schema shows an ordinary person nothing of administration', async ({ ask, people }) => {
    if (!people) return { leftOut: 'nobody to sign in' }
    if ((await ask(mutationsTold)).text.includes('suspendUser')) return { leftOut: 'this deployment shows all of it' }
    const { text, data, codes } = await ask(mutationsTold, {}, bearer(people[0]))
    if (data === null && codes.length > 0) return null
    if (/suspendUser|grantRole/.test(text)) return { broken: 'shows what administrators may' }
    return text.includes('updateProfile') ? null : { broken: 'does not show what they may themselves' }
  }),
]

const byHash = [
  probe('an operation is kept under no hash but its own', async ({ send }) => {
    const sha256Hash = createHash('sha256').update('{ me { id } }').digest('hex')
    const extensions = { persistedQuery: { version: 1, sha256Hash } }
    const { status, text } = await send({ body: JSON.stringify({ query: '{ __typename }', extensions }) })
    return status === 400 ? null : { broken: `answered ${status} ${text.slice(0, 80)}` }
  }),
  probe('names that every object knows name no operation', ({ send }) =>
    each(
      ['__proto__', 'constructor', 'toString'],
      async (name) => {
        const answer = await send({ body: JSON.stringify({ query: 'query A { __typename }', operationName: name }) })
        return answer.status === 400 && !answer.data ? null : { broken: `answered ${answer.status}` }
      },
      String,
    ),
  ),
]

const beside = [
  probe('public keys are all that is told of signing', async ({ send }) => {
    const { text } = await send({ method: 'GET', path: '/.well-known/jwks.json', headers: {} })
    return text.includes('"keys"') && !/"d"\s*:/.test(text) ? null : { broken: text.slice(0, 80) }
  }),
  probe('whether it is ready is told, and nothing of its inside', async ({ send }) => {
    const { text } = await send({ method: 'GET', path: '/health/ready', headers: {} })
    const told = /\d+\.\d+\.\d+\.\d+|\/src\/|\/dist\/|postgres(?:ql)?:|redis:/.exec(text)
    return told ? { broken: `tells of its inside: ${told[0]}` } : null
  }),
  probe('what is for development, and metrics, are not in production', async (target) => {
    if (await isForDevelopment(target)) return { leftOut: 'this deployment is for development' }
    return each(
      ['/metrics', '/dev/mail', '/dev/passkeys', '/.git/config', '/.env', '/supergraph.graphql'],
      async (path) => {
        const { status } = await target.send({ method: 'GET', path, headers: {} })
        return status === 404 ? null : { broken: `answered ${status}` }
      },
      String,
    )
  }),
]

export const doors = [...streams, ...exchange, ...explaining, ...byHash, ...beside]
