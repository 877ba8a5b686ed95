import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { memoryAccountNews } from '@latchkey/principal/account-news.memory'
import { writeMetrics } from '@latchkey/telemetry/metrics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeEstate, type OpenEstate, openEstate, serve } from '../estate.fixture.ts'
import { createFlood, textOf, type Wave } from './flood.fixture.ts'

const people = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated"])
  type Query { open: String me: User @authenticated }
  type Mutation { signIn(email: String!): String revokeSession(id: ID!): String }
  type Subscription { changed: String @authenticated quiet: String @authenticated }
  type User @key(fields: "id") { id: ID! }`
const roots = {
  ...{ open: 'sesame', me: { id: 'usr_ada' }, signIn: 'token', changed: 'news', quiet: 'news' },
  revokeSession: ({ id }: { id: string }) => id,
}
const ada = { authorization: 'Bearer profile:read' }
const operations = [
  '{ open }',
  '{ me { id } }',
  'mutation { signIn(email: "a") }',
  'mutation { revokeSession(id: "1") }',
]
const opening: Wave = {
  path: '/graphql',
  headers: { ...ada, accept: 'text/event-stream' },
  body: { query: 'subscription { changed }' },
}
const news = memoryAccountNews()
const flood = createFlood(() => estate.url)

let estate: OpenEstate
const leaving = new AbortController()
/** Whether those have left who open a stream: as the subgraph is told that is asked for them. */
let asking: (AbortSignal | undefined)[] = []
let answering = Promise.resolve()
let answer = () => {}

/** Until `answer` is called. */
function holdAnswers(): void {
  asking = []
  answering = new Promise((resolve) => {
    answer = resolve
  })
}

beforeAll(async () => {
  const subgraph = serve(people, {}, roots)
  const many = 10_000
  estate = await openEstate({
    ...{ news, overload: 'shed', supergraphSdl: composeEstate({ people }) },
    streams: { perCredential: many, perAccount: many, inAll: many },
    transports: {
      async people(request) {
        if (request.query.includes('changed') && !request.event) {
          asking.push(request.signal)
          await answering
        }
        return subgraph(request)
      },
    },
  })
  for (const query of operations) await post(query)
  await opened()
  await ask()
})
afterAll(async () => {
  answer()
  flood.end()
  await estate.gateway.close()
})

const post = (query: string) =>
  fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...ada },
    body: JSON.stringify({ query }),
  })

/** A stream that nothing is waited for to open. */
const ask = () =>
  fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...ada, accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { quiet }' }),
    signal: leaving.signal,
  })

/** A stream that has begun. */
async function opened(): Promise<Socket> {
  const stream = flood.send(opening, 1).setEncoding('latin1')
  const [head] = await once(stream, 'data')
  expect(head).toContain('HTTP/1.1 200')
  return stream
}

const openStreams = async () => Number((await writeMetrics()).text.match(/^latchkey_streams_open (\d+)$/m)?.[1])

describe('a flood of streams that are about to open', () => {
  let kept: Socket
  let told = ''
  beforeAll(async () => {
    kept = await opened()
    kept.on('data', (text) => {
      told += text
    })
    holdAnswers()
    flood.send(opening, 2_000)
    await flood.untilRefused(opening, ask)
  })

  it('is refused with 503, the code and when to come again, and counted by its rank', async () => {
    const refused = await flood.untilRefused(opening, ask)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await refused.json()).toEqual({
      errors: [{ message: 'Not available just now.', extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }],
    })
    expect((await writeMetrics()).text).toMatch(/latchkey_requests_shed_total\{rank="opening"\} [1-9]/)
  })

  it.each(operations)('leaves room for %s', async (query) => {
    const afterOneWasRefused = async () => {
      await flood.untilRefused(opening, ask)
      return (await post(query)).status
    }
    // Where the room has just shrunk, it is held by those who had it before, and grows again.
    await expect.poll(afterOneWasRefused).toBe(200)
  })

  it('ends no stream that is open: it is told what happens', async () => {
    await news.tell({ accountId: 'usr_ada', news: { event: { field: 'changed', facts: {} } } })
    await expect.poll(() => told).toContain('event: next\ndata: {"data":{"changed":"news"}}')
    expect(kept.destroyed).toBe(false)
  })

  it('leaves nothing open once all of them have gone, and its places to others', async () => {
    flood.end()
    answer()
    await expect.poll(async () => (await ask()).status, { timeout: 60_000 }).toBe(200)
    leaving.abort()
    await expect.poll(openStreams, { timeout: 60_000 }).toBe(0)
  }, 150_000)
})

it('gives back the place of each of 1,000 clients that go away while it is opened, some before they have asked', async () => {
  const text = textOf(opening)
  for (let round = 0; round < 10; round += 1) {
    holdAnswers()
    let refused = 0
    const clients = Array.from({ length: 100 }, (_, at) => {
      const client = connect(Number(new URL(estate.url).port), '127.0.0.1').on('error', () => {})
      client.once('data', () => {
        refused += 1
      })
      client.write(at % 10 === 0 ? text.slice(0, -5) : text)
      return client
    })
    await expect.poll(() => asking.length + refused, { timeout: 30_000 }).toBe(90)
    for (const client of clients) client.destroy()
    await expect.poll(() => asking.every((signal) => signal?.aborted), { timeout: 30_000 }).toBe(true)
    answer()
  }
  await expect.poll(openStreams, { timeout: 60_000 }).toBe(0)
}, 180_000)
