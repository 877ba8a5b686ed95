/** One request, one id: a line of each hop, and none that says who somebody is. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aKey, aPerson, ask, bearer, nobody, registered, signedIn } from './support/client.ts'
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
  await expect.poll(() => read().length, { timeout: 5_000 }).toBeGreaterThanOrEqual(count)
  return read()
}

const overview = 'query Overview { me { email sessions { device } apiKeys { name scopes } } }'

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name, { settings: { LATCHKEY_LOG_LEVEL: 'debug' } })
  })
  afterAll(() => house?.stop())

  it('a request over three subgraphs leaves one line a hop, all with the id that its answer has', async () => {
    const [gateway] = house.gateways
    // A password of their own: the usual one stands in the example that a start shows.
    const ada = await registered(gateway, { ...aPerson(), password: 'seventeen herons over the estuary' })
    const signed = await signedIn(gateway, ada)
    const key = await aKey(gateway, signed, ['profile:read'])
    const answer = await ask(gateway, bearer(signed.accessToken), overview)
    expect(answer.errors).toEqual([])
    const requestId = idOf(answer)
    const lines = await hopsOf(house, requestId, 4)
    console.log(lines.map((line) => JSON.stringify(line)).join('\n'))
    expect(lines.map(({ hop }) => hop).sort()).toEqual(['api-keys', 'gateway', 'sessions', 'users'])
    for (const line of lines)
      expect(line).toMatchObject({ requestId, principal: 'user', outcome: 'OK', tookMs: expect.any(Number) })
    for (const secret of [ada.email, ada.password, signed.accessToken, signed.refreshToken, key.secret])
      expect(house.logged().includes(secret), 'somebody is in the log').toBe(false)
  })

  it('a refused request leaves one line, of the hop that refused it, with the code', async () => {
    const refused = await ask(house.gateways[1], nobody, overview)
    expect(await hopsOf(house, idOf(refused), 1)).toMatchObject([{ hop: 'gateway', outcome: 'UNAUTHENTICATED' }])
  })
})
