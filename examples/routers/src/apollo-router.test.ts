import { describe, expect, it } from 'vitest'
import { type Coprocessed, coprocess } from './apollo-router.ts'
import type { ClientRequest, Exchange } from './exchange.ts'

// As Apollo Router documents what it sends (coprocessor protocol, version 1).
const supergraphRequest: Coprocessed = {
  version: 1,
  stage: 'SupergraphRequest',
  control: 'continue',
  id: '3a67e2dd75e8777804e4a8f42b971df7',
  headers: {
    'content-type': ['application/json'],
    authorization: ['Bearer token'],
    'x-forwarded-for': ['192.0.2.7'],
    'latchkey-principal': ['smuggled'],
  },
  body: { query: 'query Me($n: Int) { me { id } }', operationName: 'Me', variables: { n: 1 } },
  context: { entries: { 'apollo::supergraph::operation_name': 'Me' } },
}
const subgraphRequest: Coprocessed = {
  version: 1,
  stage: 'SubgraphRequest',
  control: 'continue',
  id: '3a67e2dd75e8777804e4a8f42b971df7',
  headers: {
    'content-type': ['application/json'],
    'latchkey-principal': ['smuggled'],
    'latchkey-client': ['smuggled'],
  },
  context: { entries: {} },
  serviceName: 'users',
}

const granted = { users: { 'latchkey-principal': 'for-users', 'latchkey-client': 'where' } }
function exchangeThat(answer: Awaited<ReturnType<Exchange>>) {
  const asked: ClientRequest[] = []
  const exchange: Exchange = async (request) => {
    asked.push(request)
    return answer
  }
  return { exchange, asked }
}
const granting = () => exchangeThat({ kind: 'granted', headers: granted })
const afterGrant = async (): Promise<Coprocessed> => {
  const { context = {} } = await coprocess(supergraphRequest, granting().exchange)
  return { ...subgraphRequest, context }
}

describe('the coprocessor of Apollo Router', () => {
  it('exchanges what the client sent, with the operation, before anything is planned', async () => {
    const { exchange, asked } = granting()
    const answer = await coprocess(supergraphRequest, exchange)
    expect(answer).toMatchObject({
      version: 1,
      stage: 'SupergraphRequest',
      id: supergraphRequest.id,
      control: 'continue',
    })
    expect(answer.context?.entries).toMatchObject({ 'apollo::supergraph::operation_name': 'Me' })
    const [request] = asked
    expect(request).toMatchObject({
      query: 'query Me($n: Int) { me { id } }',
      operationName: 'Me',
      variables: { n: 1 },
    })
    expect([request?.header('authorization'), request?.header('x-api-key'), request?.address]).toEqual([
      'Bearer token',
      undefined,
      '192.0.2.7',
    ])
  })

  it('joins a header that came twice, so that two credentials are none', async () => {
    const { exchange, asked } = granting()
    await coprocess({ ...supergraphRequest, headers: { authorization: ['Bearer a', 'Bearer b'] } }, exchange)
    expect(asked[0]?.header('authorization')).toBe('Bearer a, Bearer b')
  })

  it('ends a request that is refused with the answer of the gateway', async () => {
    const errors = [{ message: 'Too many requests.', extensions: { code: 'RATE_LIMITED', retryAfterMs: 900 } }]
    const { exchange } = exchangeThat({ kind: 'refused', status: 429, headers: { 'retry-after': '1' }, errors })
    expect(await coprocess(supergraphRequest, exchange)).toMatchObject({
      stage: 'SupergraphRequest',
      id: supergraphRequest.id,
      control: { break: 429 },
      headers: { 'retry-after': ['1'] },
      body: { errors },
    })
  })

  it('puts on a request to a subgraph what is for it, in place of what a client sent', async () => {
    const answer = await coprocess(await afterGrant(), granting().exchange)
    expect(answer.control).toBe('continue')
    expect(answer.headers).toEqual({
      'content-type': ['application/json'],
      'latchkey-principal': ['for-users'],
      'latchkey-client': ['where'],
    })
  })

  it.each([
    ['a subgraph that nothing was exchanged for', 'orders'],
    ['a name from the language', 'constructor'],
  ])('does not ask %s', async (_, serviceName) => {
    const answer = await coprocess({ ...(await afterGrant()), serviceName }, granting().exchange)
    expect(answer).toMatchObject({
      control: { break: 503 },
      body: { errors: [{ extensions: { code: 'UNAVAILABLE' } }] },
    })
  })

  it('does not ask a subgraph for a request that was not exchanged', async () => {
    expect(await coprocess(subgraphRequest, granting().exchange)).toMatchObject({ control: { break: 503 } })
  })

  it('leaves other stages as they are', async () => {
    const response = { version: 1, stage: 'RouterResponse', control: 'continue', id: '1', headers: {} }
    expect(await coprocess(response, granting().exchange)).toEqual(response)
  })
})
