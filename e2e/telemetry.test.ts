/** One request, one id: a line of each hop, one trace of them all, and in neither a word that says who somebody is. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type Answer,
  aKey,
  aPerson,
  ask,
  bearer,
  nobody,
  registered,
  type SignedIn,
  signedIn,
} from './support/client.ts'
import { type Collector, drawn, type KeptSpan, startCollector } from './support/collector.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

interface Line {
  readonly requestId: string
  readonly msg: string
  readonly hop?: string
}

const isLine = (text: string) => text.startsWith('{') && text.endsWith('}')

const idOf = ({ headers }: { readonly headers: Headers }) =>
  headers.get('x-request-id') ?? expect.fail('an answer has an id')

/** What the hops wrote about one request, once as many as that have. */
async function hopsOf(house: Topology, requestId: string, count: number): Promise<readonly Line[]> {
  const read = () =>
    house
      .logged()
      .split('\n')
      .filter((text) => isLine(text) && text.includes(requestId))
      .map((text): Line => JSON.parse(text))
      .filter(({ msg }) => msg === 'answered')
  await expect.poll(() => read().length).toBeGreaterThanOrEqual(count)
  return read()
}

/** The whole trace of a request: its gateway tells of it last, and each process when its second is over. */
async function traceOf(
  { spans }: Collector,
  requestId: string,
  names: readonly string[],
): Promise<readonly KeptSpan[]> {
  const read = () => {
    const root = spans.find(({ name, facts }) => name === 'graphql' && facts['latchkey.request_id'] === requestId)
    return spans.filter(({ traceId }) => traceId === root?.traceId)
  }
  await expect.poll(() => read().map(({ name }) => name)).toEqual(expect.arrayContaining([...names]))
  return read()
}

const overview = 'query Overview { me { email sessions { device } apiKeys { name scopes } } }'
const hops = ['api-keys', 'gateway', 'sessions', 'users']
const subgraphs = ['users', 'sessions', 'api-keys']

inEveryTopology((topology) => {
  let house: Topology
  let collector: Collector
  let ada: SignedIn
  let hidden: readonly string[]
  let answer: Answer
  beforeAll(async () => {
    collector = await startCollector()
    const settings = { LATCHKEY_LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    house = await startTopology(topology, { settings })
    const [gateway] = house.gateways
    // A password of their own: the usual one stands in the example that a start shows.
    const person = await registered(gateway, { ...aPerson(), password: 'seventeen herons over the estuary' })
    ada = await signedIn(gateway, person)
    const key = await aKey(gateway, ada, ['profile:read'])
    hidden = [ada.email, ada.password, ada.accessToken, ada.refreshToken, ada.deviceToken, key.secret]
    answer = await ask(gateway, bearer(ada.accessToken), overview)
    expect(answer.errors).toEqual([])
  })
  afterAll(async () => {
    await house?.stop()
    collector?.close()
  })

  it('a request over three subgraphs leaves one line a hop, all with the id that its answer has, and the trace', async () => {
    const requestId = idOf(answer)
    const lines = await hopsOf(house, requestId, 4)
    console.log(lines.map((line) => JSON.stringify(line)).join('\n'))
    expect(lines.map(({ hop }) => hop).sort()).toEqual(hops)
    const [{ traceId } = expect.fail('there is a trace')] = await traceOf(collector, requestId, ['graphql'])
    for (const line of lines)
      expect(line).toMatchObject({ requestId, traceId, principal: 'user', outcome: 'OK', tookMs: expect.any(Number) })
  })

  it('it is one trace: gateway, three subgraphs, Postgres and Redis, each below what asked it', async () => {
    const fetches = subgraphs.map((name) => `fetch ${name}`)
    const operations = subgraphs.map((name) => `subgraph ${name}`)
    const spans = await traceOf(collector, idOf(answer), ['graphql', ...fetches, ...operations])
    console.log(drawn(spans))
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const parentOf = ({ parentSpanId }: KeptSpan) => byId.get(parentSpanId ?? '')
    const named = (name: string) => spans.find((span) => span.name === name) ?? expect.fail(`no ${name}`)
    const above = (span: KeptSpan | undefined): readonly string[] => (span ? [span.name, ...above(parentOf(span))] : [])
    const store = (kind: string) => spans.filter(({ facts }) => facts['db.system'] === kind)

    expect(spans.filter((span) => !parentOf(span)).map(({ name }) => name)).toEqual(['graphql'])
    for (const [index, operation] of operations.entries()) {
      const between = topology === 'distributed' ? ['POST /graphql'] : []
      expect(above(named(operation))).toEqual([operation, ...between, fetches[index], 'execute', 'graphql'])
    }
    for (const name of ['users', 'api-keys'])
      expect(store('postgresql').some((span) => above(span).includes(`subgraph ${name}`))).toBe(true)
    expect(store('redis').some((span) => above(span).includes('subgraph sessions'))).toBe(true)
    expect(store('redis').some((span) => above(span).includes('authenticate'))).toBe(true)
    const processes = [...new Set(spans.map(({ service }) => service))].sort()
    expect(processes).toEqual(topology === 'distributed' ? hops : ['latchkey'])
    expect(named('graphql').facts).toMatchObject({ 'latchkey.principal': 'user', 'latchkey.outcome': 'OK' })
  })

  it('a refused request leaves one line, of the hop that refused it, and a trace that went no further', async () => {
    const refused = await ask(house.gateways[1], nobody, overview)
    expect(await hopsOf(house, idOf(refused), 1)).toMatchObject([{ hop: 'gateway', outcome: 'UNAUTHENTICATED' }])
    const spans = await traceOf(collector, idOf(refused), ['graphql', 'authorize'])
    expect(spans.map(({ name }) => name).sort()).toEqual(['authenticate', 'authorize', 'graphql'])
    expect(spans.find(({ name }) => name === 'authorize')?.facts).toMatchObject({ 'error.type': 'UNAUTHENTICATED' })
  })

  it('a stranger neither joins a trace of theirs to ours, nor decides that nothing is traced', async () => {
    const theirs = 'b'.repeat(32)
    const credential = { ...bearer(ada.accessToken), traceparent: `00-${theirs}-${'c'.repeat(16)}-00` }
    const asked = await ask(house.gateways[0], credential, '{ me { id } }')
    const [{ traceId } = expect.fail('there is a trace')] = await traceOf(collector, idOf(asked), ['graphql'])
    expect(traceId).not.toBe(theirs)
  })

  it('neither lines nor traces say who somebody is, what they know, or what opens anything', () => {
    expect(collector.spans.length).toBeGreaterThan(30)
    const ids = [ada.userId, ada.sessionId]
    for (const secret of hidden) expect(house.logged().includes(secret), 'somebody is in the log').toBe(false)
    for (const secret of [...hidden, ...ids])
      expect(collector.received().includes(secret), 'somebody is in a trace').toBe(false)
  })
})
