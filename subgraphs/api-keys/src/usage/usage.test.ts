import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import type { UsageBatch } from '@latchkey/principal/key-usage'
import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prismaCountingStore } from './counts.prisma.ts'
import { tallyOf } from './tally.ts'
import { ada, dash, type RunningUsage, runUsage } from './usage.fixture.ts'

const eve = aUser({ userId: 'usr_eve' })

let house: RunningUsage
beforeAll(async () => {
  house = await runUsage()
})
afterAll(() => house.app.stop())
beforeEach(() => house.begin())

describe('uses of a key', () => {
  it('are told by the minute, the hour and the day, with errors, refusals and latencies', async () => {
    const failed = house.use({ outcome: 'ERROR:INTERNAL', tookMs: 50 })
    const denied = house.use({ outcome: 'DENIED:SCOPE_DENIED', subgraphs: [] })
    await house.count(house.aGateway()(house.use(), house.use(), failed, denied))
    const at = { MINUTE: minuteMs, HOUR: hourMs, DAY: dayMs }
    for (const [granularity, ms] of Object.entries(at)) {
      const { points } = await house.askUsage({ in: granularity })
      const begins = new Date(Math.floor(house.app.clock.now().getTime() / ms) * ms).toISOString()
      expect(points).toEqual([
        {
          at: begins,
          group: null,
          requests: 4,
          errors: 1,
          denied: 1,
          p50: expect.closeTo(2, 0),
          p99: expect.any(Number),
        },
      ])
    }
  })

  it('are told apart by operation, coordinate, outcome and subgraph, those with most requests first taken', async () => {
    const other = { id: 'Other#0123456789abcdef', coordinates: ['Query.me', 'User.email'] }
    const failed = house.use({ operation: other, outcome: 'ERROR:INTERNAL', subgraphs: ['users', 'sessions'] })
    await house.count(
      house.aGateway()(
        house.use(),
        house.use(),
        failed,
        house.use({ operation: null, outcome: 'DENIED:DISABLED', subgraphs: [] }),
      ),
    )
    const by = async (grouping: string, first = 10) =>
      (await house.askUsage({ by: grouping, in: 'DAY', first })).points.map(({ group, requests }) => [group, requests])
    expect(await by('OPERATION')).toEqual([
      [dash.id, 2],
      [other.id, 1],
      ['unknown', 1],
    ])
    expect(await by('COORDINATE')).toEqual([
      ['Query.me', 3],
      ['User.email', 1],
      ['User.id', 2],
    ])
    expect(await by('OUTCOME')).toEqual([
      ['DENIED:DISABLED', 1],
      ['ERROR:INTERNAL', 1],
      ['OK', 2],
    ])
    expect(await by('SUBGRAPH')).toEqual([
      ['sessions', 1],
      ['users', 3],
    ])
    expect(await by('COORDINATE', 1)).toEqual([['Query.me', 3]])
  })

  it('count once, however often and in whichever company a batch comes', async () => {
    const gateway = house.aGateway()
    const [one, two, three] = [
      gateway(house.use(), house.use()),
      gateway(house.use()),
      gateway(house.use(), house.use(), house.use()),
    ]
    await house.count(one, two)
    await house.count(two, three, one)
    await house.count(three, three)
    expect(await house.totalOf()).toBe(6)
  })

  it('count once when several count the same at the same time, and all of them when they do not', async () => {
    const gateways = Array.from({ length: 4 }, house.aGateway)
    const batches = Array.from({ length: 40 }, (_, at) =>
      (gateways[at % 4] ?? house.aGateway())(house.use(), house.use(), house.use()),
    )
    const others = Array.from({ length: 4 }, anotherCounter)
    // Each gets all of them, as when each had taken over from the others.
    await Promise.all(others.map((counter, at) => counter.count(at % 2 ? batches : batches.toReversed())))
    expect(await house.totalOf()).toBe(120)
  })

  it('are not counted of a key that is not there', async () => {
    await house.count(house.aGateway()(house.use({ keyId: 'Nobody000001' }), house.use()))
    const rows = await house.app.database.query(
      { name: 'nobody', text: `SELECT 1 FROM api_keys.usage_days WHERE key_id = 'Nobody000001'` },
      [],
    )
    expect([rows.length, await house.totalOf()]).toEqual([0, 1])
  })

  it('are told to whoever may see the key, and to nobody else', async () => {
    await house.count(house.aGateway()(house.use()))
    const fields =
      'usage { at } topOperations { operation } deniedRequests { reason } lastUsedAt unusedGrants { scopes }'
    const { key, errors } = await house.askKey(fields, eve)
    expect([key, errors?.[0]?.extensions?.code]).toEqual([null, 'NOT_FOUND'])
    const csv = await house.app.ask(eve, 'query ($id: ID!) { apiKeyUsageCsv(id: $id) { csv } }', { id: house.keyId() })
    expect(csv.errors?.[0]?.extensions?.code).toBe('NOT_FOUND')
  })

  it('are asked for within bounds', async () => {
    const code = async (variables: Record<string, unknown>) => {
      const { errors } = await house.askUsage(variables)
      return errors?.[0]?.extensions
    }
    expect(await code({ from: '2020-01-01T00:00:00Z', in: 'MINUTE' })).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: { from: expect.stringContaining('1,500 minutes') },
    })
    expect(await code({ from: 'x', to: 'y' })).toMatchObject({
      fields: { from: expect.any(String), to: expect.any(String) },
    })
    expect(await code({ from: '2029-12-31T00:00:00Z', in: 'MINUTE', by: 'OPERATION', first: 50 })).toMatchObject({
      fields: { first: expect.stringContaining('at most 3') },
    })
    expect(await code({ by: 'OPERATION', first: 51 })).toMatchObject({ fields: { first: 'must be 1 to 50' } })
  })
})

/** One that counts what it is given and takes from no stream: another replica. */
function anotherCounter() {
  const store = prismaCountingStore(house.app.database, { minutes: 2 * dayMs, hours: 30 * dayMs, days: 400 * dayMs })
  return {
    count: (batches: readonly UsageBatch[]) =>
      store.count(batches, house.app.clock.now(), (fresh) => tallyOf(fresh, (_keyId, operationId) => operationId)),
  }
}

describe('what a key did last', () => {
  it('is told to the minute, and refusals are uses', async () => {
    const gateway = house.aGateway()
    expect((await house.askKey('lastUsedAt lastUsedOperation')).key).toEqual({
      lastUsedAt: null,
      lastUsedOperation: null,
    })
    const first = house.app.clock.now().toISOString()
    await house.count(gateway(house.use()))
    expect((await house.askKey('lastUsedAt lastUsedOperation')).key).toEqual({
      lastUsedAt: first,
      lastUsedOperation: dash.id,
    })
    house.app.clock.advance(minuteMs - 1)
    await house.count(gateway(house.use()))
    expect((await house.askKey('lastUsedAt')).key).toEqual({ lastUsedAt: first })
    house.app.clock.advance(1)
    await house.count(gateway(house.use({ operation: null, outcome: 'DENIED:DISABLED' })))
    const now = house.app.clock.now().toISOString()
    expect((await house.askKey('lastUsedAt lastUsedOperation')).key).toEqual({
      lastUsedAt: now,
      lastUsedOperation: null,
    })
  })
})

describe('lists', () => {
  it('say what it asked most, and what it was refused and why', async () => {
    const denied = house.use({ outcome: 'DENIED:SCOPE_DENIED' })
    const early = house.use({ operation: null, outcome: 'DENIED:DISABLED' })
    await house.count(house.aGateway()(house.use(), house.use(), house.use(), denied, denied, early))
    const { key } = await house.askKey(
      'topOperations { operation requests errors denied } deniedRequests { reason operation requests }',
    )
    expect(key).toEqual({
      topOperations: [
        { operation: dash.id, requests: 5, errors: 0, denied: 2 },
        { operation: null, requests: 1, errors: 0, denied: 1 },
      ],
      deniedRequests: [
        { reason: 'SCOPE_DENIED', operation: dash.id, requests: 2 },
        { reason: 'DISABLED', operation: null, requests: 1 },
      ],
    })
  })

  it('come as CSV, in which nothing is a formula', async () => {
    const evil = { id: '=HYPERLINK("http://evil")#1', coordinates: [] }
    await house.count(house.aGateway()(house.use({ operation: evil })))
    const { data } = await house.app.ask(
      ada,
      'query ($id: ID!) { apiKeyUsageCsv(id: $id, groupBy: OPERATION) { csv rows } }',
      { id: house.keyId() },
    )
    const { csv, rows } = (data as { apiKeyUsageCsv: { csv: string; rows: number } }).apiKeyUsageCsv
    expect(csv.split('\r\n')[0]).toBe('at,operation,requests,errors,denied,p50_ms,p95_ms,p99_ms')
    expect([rows, csv]).toEqual([1, expect.stringContaining(`,"'=HYPERLINK(""http://evil"")#1",1,0,0,`)])
  })
})

describe('what could be taken away', () => {
  const unused = async (days = 30) =>
    await house.app.ask(
      ada,
      'query ($id: ID!, $days: Int) { apiKey(id: $id) { unusedGrants(days: $days) { scopes coordinates } } }',
      { id: house.keyId(), days },
    )
  const scopesOf = async (days?: number) =>
    ((await unused(days)).data as { apiKey: { unusedGrants: { scopes: string[] } } }).apiKey.unusedGrants.scopes

  it('is every scope that nothing the key was answered about asked for, in so many days', async () => {
    expect(await scopesOf()).toEqual(['profile:read', 'keys:read', 'keys:admin'])
    await house.count(
      house.aGateway()(
        house.use(),
        house.use({ operation: { id: 'D#1', coordinates: ['Query.apiKeys'] }, outcome: 'DENIED:SCOPE_DENIED' }),
      ),
    )
    expect(await scopesOf()).toEqual(['keys:read', 'keys:admin'])
    await house.count(house.aGateway()(house.use({ operation: { id: 'L#1', coordinates: ['Query.apiKeys'] } })))
    expect(await scopesOf()).toEqual(['keys:admin'])
    house.app.clock.advance(3 * dayMs)
    expect([await scopesOf(2), await scopesOf(4)]).toEqual([
      ['profile:read', 'keys:read', 'keys:admin'],
      ['keys:admin'],
    ])
    expect((await unused(0)).errors?.[0]?.extensions).toMatchObject({ fields: { days: 'must be 1 to 400' } })
  })
})
