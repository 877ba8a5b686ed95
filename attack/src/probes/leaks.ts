/** Answers that tell more than they were asked. */
import { type Finding, probe, refusedWith } from '../probe.ts'
import type { Answer, Sent } from '../target.ts'

const bodies: Readonly<Record<string, Sent>> = {
  'a body that is no JSON': { body: '{"query":' },
  'a body that is a number': { body: '7' },
  'no body': { body: '' },
  'a query that is no text': { body: '{"query":{"a":1}}' },
  'a variable of another type': {
    body: '{"query":"query ($id: ID!) { apiKey(id: $id) { id } }","variables":{"id":{"$ne":1}}}',
  },
  'a text with NUL': {
    body: JSON.stringify({ query: 'query ($id: ID!) { apiKey(id: $id) { id } }', variables: { id: 'a\0b' } }),
  },
  'half a surrogate': {
    body: '{"query":"mutation ($i: SignInInput!) { signIn(input: $i) { __typename } }","variables":{"i":{"email":"\\ud800@example.com","password":"\\udfff"}}}',
  },
  'a path that is not there': { method: 'GET', path: '/../../etc/passwd' },
  'a method that is not there': { method: 'DELETE' },
}

// Stacks, file names, statements and addresses of stores.
const innards = /\bat .+:\d+:\d+|node_modules|\/src\/|\/dist\/|SELECT |INSERT |prisma|ECONN|redis:|postgres/i

function discreet({ text, status, codes }: Answer): Finding {
  if (status >= 500 || codes.includes('INTERNAL')) return { broken: `${status} ${codes.join(', ')}` }
  const told = innards.exec(text)
  return told ? { broken: `tells of its inside: ${told[0]}` } : null
}

const isOpen = async ({ ask }: Parameters<(typeof leaks)[number]['attempt']>[0]) =>
  (await ask('{ __schema { queryType { name } } }')).data !== null

export const leaks: readonly ReturnType<typeof probe>[] = [
  ...Object.entries(bodies).map(([name, sent]) =>
    probe(`discretion: ${name}`, async ({ send }) => discreet(await send(sent))),
  ),
  probe('introspection is off', async (target) =>
    (await isOpen(target)) ? { leftOut: 'this deployment is for development' } : null,
  ),
  probe('refusals suggest no names', async (target) => {
    if (await isOpen(target)) return { leftOut: 'this deployment is for development' }
    const { messages } = await target.ask('{ mee { idd } usrs { id } }')
    return messages.some((message) => /did you mean|"me"|"users"/i.test(message))
      ? { broken: messages.join(' ') }
      : null
  }),
  probe('unknown, wrong and taken read the same where somebody signs up or in', async ({ ask }) => {
    const signIn = 'mutation ($i: SignInInput!) { signIn(input: $i) { __typename ... on SignInRefused { remedy } } }'
    const one = await ask(signIn, {
      i: { email: 'nobody.is.here@example.com', password: 'wrong horse battery staple' },
    })
    const other = await ask(signIn, { i: { email: 'nobody.was.there@example.com', password: 'wrong horse battery' } })
    if (one.codes.includes('RATE_LIMITED') || other.codes.includes('RATE_LIMITED')) return null
    return one.text === other.text ? null : { broken: `${one.text} and ${other.text}` }
  }),
  probe('an answer is never kept by a cache, and is what it says it is', async ({ ask }) => {
    const { headers } = await ask('{ __typename }')
    const wanted = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
    const lost = Object.entries(wanted).filter(([name, value]) => !headers.get(name)?.includes(value))
    return lost.length === 0 ? null : { broken: `lacks ${lost.map(([name]) => name).join(', ')}` }
  }),
  probe('operations of others are not run by their hash', async ({ send }) => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } }
    const answer = await send({ body: JSON.stringify({ extensions }) })
    return refusedWith(answer, 'PERSISTED_QUERY_NOT_FOUND', 'PERSISTED_QUERY_NOT_SUPPORTED')
  }),
]
