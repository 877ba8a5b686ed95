import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { writeBatch } from '@latchkey/principal/key-usage'
import { aService, aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dash, type RunningUsage, runUsage } from './usage.fixture.ts'

let house: RunningUsage
beforeAll(async () => {
  house = await runUsage()
})
afterAll(() => house.app.stop())
beforeEach(() => house.begin())

describe('what is kept', () => {
  const partitions = async (table: string) =>
    (
      await house.app.database.query<{ name: string }>(
        {
          name: `partitions_${table}`,
          text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'api_keys.${table}'::regclass ORDER BY 1`,
        },
        [],
      )
    ).map(({ name }) => name.replace(/^.*_/, ''))

  it('ends when its time is over, minutes before hours and hours before days', async () => {
    const then = house.app.clock.now().toISOString()
    await house.count(house.aGateway()(house.use()))
    expect(await house.totalOf({ from: then, in: 'MINUTE' })).toBe(1)
    house.app.clock.advance(3 * dayMs)
    await house.app.counter.upkeep()
    const within = { from: then, to: new Date(Date.parse(then) + hourMs).toISOString() }
    expect([await house.totalOf({ ...within, in: 'MINUTE' }), await house.totalOf({ ...within, in: 'HOUR' })]).toEqual([
      0, 1,
    ])
    house.app.clock.advance(30 * dayMs)
    await house.app.counter.upkeep()
    expect([await house.totalOf({ ...within, in: 'HOUR' }), await house.totalOf({ ...within, in: 'DAY' })]).toEqual([
      0, 1,
    ])
    const today = house.app.clock.now().toISOString().slice(0, 10).replaceAll('-', '')
    expect((await partitions('usage_minutes'))[0]?.localeCompare(today)).toBeLessThanOrEqual(0)
    expect(await partitions('usage_minutes')).toContain(today)
    expect((await partitions('usage_minutes')).length).toBeLessThanOrEqual(6)
  })

  it('is made room for by several at once', async () => {
    house.app.clock.advance(10 * dayMs)
    await Promise.all(Array.from({ length: 6 }, () => house.app.counter.upkeep()))
    expect((await partitions('usage_batches')).length).toBeGreaterThan(2)
  })

  it('does not reach what the application’s role may not make or drop', async () => {
    const make = { name: 'may_not_make', text: 'CREATE TABLE api_keys.mine (id int)' }
    await expect(house.app.database.query(make, [])).rejects.toMatchObject({ code: '42501' })
    const foreign = {
      name: 'may_not_drop',
      text: `SELECT api_keys.keep_usage_partitions('api_keys', '{}', 'infinity')`,
    }
    await expect(house.app.database.query(foreign, [])).rejects.toThrow('is not kept in partitions')
  })
})

describe('what does not arrive', () => {
  it('is noticed by what is missing, counted, and told once as an error', async () => {
    const gateway = house.aGateway()
    const [one, lost, three] = [
      gateway(house.use()),
      gateway(house.use(), house.use(), house.use()),
      gateway(house.use()),
    ]
    await house.count(one, three)
    await house.app.counter.lookForGaps()
    expect(house.lines).toEqual([])
    house.app.clock.advance(3 * minuteMs)
    await house.app.counter.lookForGaps()
    await house.app.counter.lookForGaps()
    expect(house.lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'error', producer: lost.producer, lost: 3 },
    ])
  })

  it('is not taken for lost while it is only late or out of order', async () => {
    const gateway = house.aGateway()
    const batches = Array.from({ length: 5 }, () => gateway(house.use()))
    await house.count(...batches.toReversed())
    house.app.clock.advance(3 * minuteMs)
    await house.app.counter.lookForGaps()
    expect(house.lines).toEqual([])
  })

  it('and what cannot be read, or is too old to be known, is told and set aside', async () => {
    const old = { ...house.aGateway()(house.use()), atMs: house.app.clock.now().getTime() - 8 * dayMs }
    const early = { ...house.aGateway()(house.use()), atMs: house.app.clock.now().getTime() + dayMs }
    await house.app.usageStream.add([
      'nonsense',
      writeBatch(old),
      writeBatch(early),
      writeBatch(house.aGateway()(house.use())),
    ])
    await house.app.counter.countWaiting()
    expect(house.lines.length).toBe(3)
    expect(await house.totalOf()).toBe(1)
    expect(await house.app.usageStream.take('x', 10)).toEqual([])
  })
})

describe('whoever wants to know everything that is held of them', () => {
  it('is shown what their keys were used for', async () => {
    await house.count(house.aGateway()(house.use(), house.use({ outcome: 'DENIED:SCOPE_DENIED' })))
    const query = 'query { personalData(userId: "usr_ada") { document } }'
    const { data } = await house.app.ask(aService('users'), query)
    const { uses } = JSON.parse((data as { personalData: { document: string } }).personalData.document)
    const day = house.app.clock.now().toISOString().slice(0, 10)
    const keyId = house.keyId()
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
    const { id } = await house.app.create(bob)
    const gateway = house.aGateway()
    await house.count(gateway(house.use({ keyId: id })))
    await house.send(gateway(house.use({ keyId: id }), house.use()))
    const erase = 'mutation { eraseUser(userId: "usr_bob") { forgotten } }'
    await Promise.all([house.app.ask(aService('users'), erase), house.app.counter.countWaiting()])
    await house.count(gateway(house.use({ keyId: id })))
    const tables = ['usage_minutes', 'usage_hours', 'usage_days', 'usage_coordinates', 'last_uses']
    const text = tables.map((table) => `SELECT 1 FROM api_keys.${table} WHERE key_id = '${id}'`).join(' UNION ALL ')
    expect(await house.app.database.query({ name: 'left_behind', text }, [])).toEqual([])
    expect(await house.totalOf()).toBe(1)
  })
})
