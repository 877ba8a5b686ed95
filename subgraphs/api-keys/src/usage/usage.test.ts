import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { type KeyUse, type UsageBatch, writeBatch } from '@latchkey/principal/key-usage'
import { aService, aUser } from '@latchkey/principal/testing'
import { createLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const ada = aUser({ userId: 'usr_ada', scopes: ['profile:read', 'keys:read', 'keys:write', 'keys:admin'] })
const eve = aUser({ userId: 'usr_eve' })
const dash = { id: 'Dash#0123456789abcdef', coordinates: ['Query.me', 'User.id'] }

let app: RunningApiKeys
let lines: string[] = []
beforeAll(async () => {
  const destination = { write: (line: string) => void lines.push(line) }
  app = await runApiKeys({ logger: createLogger({ level: 'error', service: 'test', destination }) })
})
afterAll(() => app.stop())

let keyId = ''
let producers = 0
beforeEach(async () => {
  lines = []
  keyId = (await app.create(ada, { scopes: ['profile:read', 'keys:read', 'keys:admin'] })).id
})

const use = (overrides: Partial<KeyUse> = {}): KeyUse => ({
  keyId,
  atMs: app.clock.now().getTime(),
  operation: dash,
  outcome: 'OK',
  subgraphs: ['users'],
  tookMs: 2,
  ...overrides,
})

/** A gateway that numbers what it sends; what is not sent is lost. */
function aGateway() {
  producers += 1
  const producer = `gw_${producers}`
  let [sequence, before] = [0, 0]
  return (...uses: KeyUse[]): UsageBatch => {
    sequence += 1
    const batch = { producer, sequence, before, atMs: app.clock.now().getTime(), previousAtMs: null, uses }
    before += uses.length
    return sequence === 1 ? batch : { ...batch, previousAtMs: batch.atMs }
  }
}

const send = (...batches: UsageBatch[]) => app.usageStream.add(batches.map(writeBatch))
const count = async (...batches: UsageBatch[]) => {
  await send(...batches)
  await app.counter.countWaiting()
}

const usage = `query ($id: ID!, $from: DateTime, $to: DateTime, $by: ApiKeyUsageGrouping, $in: ApiKeyUsageGranularity, $first: Int) {
  apiKey(id: $id) { usage(from: $from, to: $to, groupBy: $by, granularity: $in, first: $first) {
    at group requests errors denied p50 p99 } } }`
const askUsage = async (variables: Record<string, unknown> = {}, id = keyId) => {
  const answer = await app.ask(ada, usage, { id, ...variables })
  // The query asks exactly this.
  const data = answer.data as { apiKey: { usage: { at: string; group: string | null; requests: number }[] } } | null
  return { points: data?.apiKey?.usage ?? [], errors: answer.errors }
}
const totalOf = async (variables = {}, id = keyId) =>
  (await askUsage({ in: 'DAY', ...variables }, id)).points.reduce((sum, { requests }) => sum + requests, 0)

const askKey = async (fields: string, principal = ada) => {
  const { data, errors } = await app.ask(principal, `query ($id: ID!) { apiKey(id: $id) { ${fields} } }`, { id: keyId })
  return { key: data?.apiKey as Record<string, unknown> | null | undefined, errors }
}

describe('uses of a key', () => {
  it('are told by the minute, the hour and the day, with errors, refusals and latencies', async () => {
    const failed = use({ outcome: 'ERROR:INTERNAL', tookMs: 50 })
    const denied = use({ outcome: 'DENIED:SCOPE_DENIED', subgraphs: [] })
    await count(aGateway()(use(), use(), failed, denied))
    const at = { MINUTE: minuteMs, HOUR: hourMs, DAY: dayMs }
    for (const [granularity, ms] of Object.entries(at)) {
      const { points } = await askUsage({ in: granularity })
      const begins = new Date(Math.floor(app.clock.now().getTime() / ms) * ms).toISOString()
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
    const failed = use({ operation: other, outcome: 'ERROR:INTERNAL', subgraphs: ['users', 'sessions'] })
    await count(aGateway()(use(), use(), failed, use({ operation: null, outcome: 'DENIED:DISABLED', subgraphs: [] })))
    const by = async (grouping: string, first = 10) =>
      (await askUsage({ by: grouping, in: 'DAY', first })).points.map(({ group, requests }) => [group, requests])
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
    const gateway = aGateway()
    const [one, two, three] = [gateway(use(), use()), gateway(use()), gateway(use(), use(), use())]
    await count(one, two)
    await count(two, three, one)
    await count(three, three)
    expect(await totalOf()).toBe(6)
  })

  it('count once when several count the same at the same time, and all of them when they do not', async () => {
    const gateways = Array.from({ length: 4 }, aGateway)
    const batches = Array.from({ length: 40 }, (_, at) => (gateways[at % 4] ?? aGateway())(use(), use(), use()))
    const others = await Promise.all(Array.from({ length: 4 }, () => anotherCounter()))
    // Each gets all of them, as when each had taken over from the others.
    await Promise.all(others.map((counter, at) => counter.count(at % 2 ? batches : batches.toReversed())))
    expect(await totalOf()).toBe(120)
  })

  it('are not counted of a key that is not there', async () => {
    await count(aGateway()(use({ keyId: 'Nobody000001' }), use()))
    const rows = await app.database.query(
      { name: 'nobody', text: `SELECT 1 FROM api_keys.usage_days WHERE key_id = 'Nobody000001'` },
      [],
    )
    expect([rows.length, await totalOf()]).toEqual([0, 1])
  })

  it('are told to whoever may see the key, and to nobody else', async () => {
    await count(aGateway()(use()))
    const fields =
      'usage { at } topOperations { operation } deniedRequests { reason } lastUsedAt unusedGrants { scopes }'
    const { key, errors } = await askKey(fields, eve)
    expect([key, errors?.[0]?.extensions?.code]).toEqual([null, 'NOT_FOUND'])
    const csv = await app.ask(eve, 'query ($id: ID!) { apiKeyUsageCsv(id: $id) { csv } }', { id: keyId })
    expect(csv.errors?.[0]?.extensions?.code).toBe('NOT_FOUND')
  })

  it('are asked for within bounds', async () => {
    const code = async (variables: Record<string, unknown>) => {
      const { errors } = await askUsage(variables)
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
async function anotherCounter() {
  const { prismaCountingStore } = await import('./counts.prisma.ts')
  const { tallyOf } = await import('./tally.ts')
  const store = prismaCountingStore(app.database, { minutes: 2 * dayMs, hours: 30 * dayMs, days: 400 * dayMs })
  return {
    count: (batches: readonly UsageBatch[]) =>
      store.count(batches, app.clock.now(), (fresh) => tallyOf(fresh, (_keyId, operationId) => operationId)),
  }
}

describe('what a key did last', () => {
  it('is told to the minute, and refusals are uses', async () => {
    const gateway = aGateway()
    expect((await askKey('lastUsedAt lastUsedOperation')).key).toEqual({ lastUsedAt: null, lastUsedOperation: null })
    const first = app.clock.now().toISOString()
    await count(gateway(use()))
    expect((await askKey('lastUsedAt lastUsedOperation')).key).toEqual({
      lastUsedAt: first,
      lastUsedOperation: dash.id,
    })
    app.clock.advance(minuteMs - 1)
    await count(gateway(use()))
    expect((await askKey('lastUsedAt')).key).toEqual({ lastUsedAt: first })
    app.clock.advance(1)
    await count(gateway(use({ operation: null, outcome: 'DENIED:DISABLED' })))
    const now = app.clock.now().toISOString()
    expect((await askKey('lastUsedAt lastUsedOperation')).key).toEqual({ lastUsedAt: now, lastUsedOperation: null })
  })
})

describe('lists', () => {
  it('say what it asked most, and what it was refused and why', async () => {
    const denied = use({ outcome: 'DENIED:SCOPE_DENIED' })
    const early = use({ operation: null, outcome: 'DENIED:DISABLED' })
    await count(aGateway()(use(), use(), use(), denied, denied, early))
    const { key } = await askKey(
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
    await count(aGateway()(use({ operation: evil })))
    const { data } = await app.ask(
      ada,
      'query ($id: ID!) { apiKeyUsageCsv(id: $id, groupBy: OPERATION) { csv rows } }',
      { id: keyId },
    )
    const { csv, rows } = (data as { apiKeyUsageCsv: { csv: string; rows: number } }).apiKeyUsageCsv
    expect(csv.split('\r\n')[0]).toBe('at,operation,requests,errors,denied,p50_ms,p95_ms,p99_ms')
    expect([rows, csv]).toEqual([1, expect.stringContaining(`,"'=HYPERLINK(""http://evil"")#1",1,0,0,`)])
  })
})

describe('what could be taken away', () => {
  const unused = async (days = 30) =>
    await app.ask(
      ada,
      'query ($id: ID!, $days: Int) { apiKey(id: $id) { unusedGrants(days: $days) { scopes coordinates } } }',
      { id: keyId, days },
    )
  const scopesOf = async (days?: number) =>
    ((await unused(days)).data as { apiKey: { unusedGrants: { scopes: string[] } } }).apiKey.unusedGrants.scopes

  it('is every scope that nothing the key was answered about asked for, in so many days', async () => {
    expect(await scopesOf()).toEqual(['profile:read', 'keys:read', 'keys:admin'])
    await count(
      aGateway()(
        use(),
        use({ operation: { id: 'D#1', coordinates: ['Query.apiKeys'] }, outcome: 'DENIED:SCOPE_DENIED' }),
      ),
    )
    expect(await scopesOf()).toEqual(['keys:read', 'keys:admin'])
    await count(aGateway()(use({ operation: { id: 'L#1', coordinates: ['Query.apiKeys'] } })))
    expect(await scopesOf()).toEqual(['keys:admin'])
    app.clock.advance(3 * dayMs)
    expect([await scopesOf(2), await scopesOf(4)]).toEqual([
      ['profile:read', 'keys:read', 'keys:admin'],
      ['keys:admin'],
    ])
    expect((await unused(0)).errors?.[0]?.extensions).toMatchObject({ fields: { days: 'must be 1 to 400' } })
  })
})

describe('what is kept', () => {
  const partitions = async (table: string) =>
    (
      await app.database.query<{ name: string }>(
        {
          name: `partitions_${table}`,
          text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'api_keys.${table}'::regclass ORDER BY 1`,
        },
        [],
      )
    ).map(({ name }) => name.replace(/^.*_/, ''))

  it('ends when its time is over, minutes before hours and hours before days', async () => {
    const then = app.clock.now().toISOString()
    await count(aGateway()(use()))
    expect(await totalOf({ from: then, in: 'MINUTE' })).toBe(1)
    app.clock.advance(3 * dayMs)
    await app.counter.upkeep()
    const within = { from: then, to: new Date(Date.parse(then) + hourMs).toISOString() }
    expect([await totalOf({ ...within, in: 'MINUTE' }), await totalOf({ ...within, in: 'HOUR' })]).toEqual([0, 1])
    app.clock.advance(30 * dayMs)
    await app.counter.upkeep()
    expect([await totalOf({ ...within, in: 'HOUR' }), await totalOf({ ...within, in: 'DAY' })]).toEqual([0, 1])
    const today = app.clock.now().toISOString().slice(0, 10).replaceAll('-', '')
    expect((await partitions('usage_minutes'))[0]?.localeCompare(today)).toBeLessThanOrEqual(0)
    expect(await partitions('usage_minutes')).toContain(today)
    expect((await partitions('usage_minutes')).length).toBeLessThanOrEqual(6)
  })

  it('is made room for by several at once', async () => {
    app.clock.advance(10 * dayMs)
    await Promise.all(Array.from({ length: 6 }, () => app.counter.upkeep()))
    expect((await partitions('usage_batches')).length).toBeGreaterThan(2)
  })

  it('does not reach what the application’s role may not make or drop', async () => {
    const make = { name: 'may_not_make', text: 'CREATE TABLE api_keys.mine (id int)' }
    await expect(app.database.query(make, [])).rejects.toMatchObject({ code: '42501' })
    const foreign = {
      name: 'may_not_drop',
      text: `SELECT api_keys.keep_usage_partitions('api_keys', '{}', 'infinity')`,
    }
    await expect(app.database.query(foreign, [])).rejects.toThrow('is not kept in partitions')
  })
})

describe('what does not arrive', () => {
  it('is noticed by what is missing, counted, and told once as an error', async () => {
    const gateway = aGateway()
    const [one, lost, three] = [gateway(use()), gateway(use(), use(), use()), gateway(use())]
    await count(one, three)
    await app.counter.lookForGaps()
    expect(lines).toEqual([])
    app.clock.advance(3 * minuteMs)
    await app.counter.lookForGaps()
    await app.counter.lookForGaps()
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 'error', producer: lost.producer, lost: 3 }])
  })

  it('is not taken for lost while it is only late or out of order', async () => {
    const gateway = aGateway()
    const batches = Array.from({ length: 5 }, () => gateway(use()))
    await count(...batches.toReversed())
    app.clock.advance(3 * minuteMs)
    await app.counter.lookForGaps()
    expect(lines).toEqual([])
  })

  it('and what cannot be read, or is too old to be known, is told and set aside', async () => {
    const old = { ...aGateway()(use()), atMs: app.clock.now().getTime() - 8 * dayMs }
    const early = { ...aGateway()(use()), atMs: app.clock.now().getTime() + dayMs }
    await app.usageStream.add(['nonsense', writeBatch(old), writeBatch(early), writeBatch(aGateway()(use()))])
    await app.counter.countWaiting()
    expect(lines.length).toBe(3)
    expect(await totalOf()).toBe(1)
    expect(await app.usageStream.take('x', 10)).toEqual([])
  })
})

describe('whoever wants to know everything that is held of them', () => {
  it('is shown what their keys were used for', async () => {
    await count(aGateway()(use(), use({ outcome: 'DENIED:SCOPE_DENIED' })))
    const query = 'query { personalData(userId: "usr_ada") { document } }'
    const { data } = await app.ask(aService('users'), query)
    const { uses } = JSON.parse((data as { personalData: { document: string } }).personalData.document)
    const day = app.clock.now().toISOString().slice(0, 10)
    const told = { keyId, day, operation: dash.id, requests: 1 }
    expect(uses.filter((each: { keyId: string }) => each.keyId === keyId)).toEqual([
      { ...told, outcome: 'DENIED:SCOPE_DENIED' },
      { ...told, outcome: 'OK' },
    ])
  })
})

describe('whoever is erased', () => {
  it('leaves no use of their keys behind, and none that was still on its way', async () => {
    const bob = aUser({ userId: 'usr_bob' })
    const { id } = await app.create(bob)
    const gateway = aGateway()
    await count(gateway(use({ keyId: id })))
    await send(gateway(use({ keyId: id }), use()))
    const erase = 'mutation { eraseUser(userId: "usr_bob") { forgotten } }'
    await Promise.all([app.ask(aService('users'), erase), app.counter.countWaiting()])
    await count(gateway(use({ keyId: id })))
    const tables = ['usage_minutes', 'usage_hours', 'usage_days', 'usage_coordinates', 'last_uses']
    const text = tables.map((table) => `SELECT 1 FROM api_keys.${table} WHERE key_id = '${id}'`).join(' UNION ALL ')
    expect(await app.database.query({ name: 'left_behind', text }, [])).toEqual([])
    expect(await totalOf()).toBe(1)
  })
})
