import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { clockAt } from '@latchkey/clock/testing'
import { testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openRedis, type Redis } from '../redis.ts'
import { budgetTerms } from './budget-terms.ts'
import { keepsBudgets } from './key-budgets.contract.ts'
import { aKey, granted, limited, usual } from './key-budgets.fixture.ts'
import { type RedisBudgetsOptions, redisKeyBudgets } from './key-budgets.redis.ts'
import { budgetKey, usesKey } from './spending-turn.redis.ts'

const server = testRedis()

/** A way to Redis on which, once it is watched, so many answers pass and no more. */
async function openWayThatFallsSilent(url: string, answers: number) {
  let left = Number.POSITIVE_INFINITY
  const open = new Set<Socket>()
  const way = createServer((client) => {
    const { hostname, port } = new URL(url)
    const redis = connect(Number(port), hostname)
    for (const socket of [client, redis]) open.add(socket.on('error', () => {}))
    client.pipe(redis)
    redis.on('data', (answer) => {
      if (left-- > 0) client.write(answer)
    })
  }).listen(0, '127.0.0.1')
  await once(way, 'listening')
  const { port } = way.address() as AddressInfo // a TCP server that listens
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href,
    watch() {
      left = answers
    },
    close() {
      for (const socket of open) socket.destroy()
      way.close()
    },
  }
}

describe.skipIf(!server)('in Redis', () => {
  const opened: Redis[] = []
  afterAll(() => {
    for (const redis of opened) redis.disconnect()
  })

  async function connected(): Promise<Redis> {
    const redis = openRedis(server?.url ?? '')
    await redis.connect()
    opened.push(redis)
    return redis
  }

  const clock = clockAt('2030-01-15T12:00:00Z')
  const prefixOfItsOwn = () => testRedis()?.prefix ?? ''
  const optionsOn = (redis: Redis, prefix: string): RedisBudgetsOptions => ({
    ...{ redis, prefix, clock, terms: usual, loadUsesSpent: async () => null },
  })
  const twoProcesses = async (over: Partial<RedisBudgetsOptions> = {}) => {
    const prefix = prefixOfItsOwn()
    const one = redisKeyBudgets({ ...optionsOn(await connected(), prefix), ...over })
    const other = redisKeyBudgets({ ...optionsOn(await connected(), prefix), ...over })
    return [one, other] as const
  }

  keepsBudgets(async (arranged) => {
    const [redis, prefix] = [await connected(), prefixOfItsOwn()]
    const budgets = redisKeyBudgets({ redis, prefix, ...arranged })
    const forget = async (keyId: string) => void (await redis.del(usesKey(prefix, keyId)))
    return { budgets, forget }
  })

  it.each([1, 7, 50])('grants exactly N = %i to 200 who ask two processes at once', async (limit) => {
    const processes = await twoProcesses()
    for (const confinement of [
      { rateLimits: [limited(limit, 86_400, limit)] },
      { uses: { limit, refill: 'NEVER', issue: 1 } },
    ] as const) {
      const key = aKey(confinement)
      const spent = await Promise.all(
        Array.from({ length: 200 }, (_, at) => processes[at % 2 === 0 ? 0 : 1].spend(key)),
      )
      expect(granted(spent)).toBe(limit)
    }
  })

  it('grants exactly as much as an owner has to many keys at two processes, and no key loses what was refused', async () => {
    const terms = budgetTerms({ key: { perMinute: 600, burst: 100 }, owner: { perMinute: 1, burst: 60 } })
    const processes = await twoProcesses({ terms })
    const keys = Array.from({ length: 5 }, () => aKey({ uses: { limit: 45, refill: 'NEVER', issue: 1 } }, 'usr_shared'))
    // In waves, so that reservations of one are given back while others ask.
    const asked = Array.from({ length: 400 }, async (_, at) => {
      for (let turns = at % 7; turns > 0; turns--) await new Promise(setImmediate)
      const key = keys[at % keys.length] ?? aKey()
      return { key, spent: await processes[at % 2 === 0 ? 0 : 1].spend(key) }
    })
    const all = await Promise.all(asked)
    expect(granted(all.map(({ spent }) => spent))).toBe(60)
    for (const key of keys) {
      const mine = granted(all.filter((each) => each.key === key).map(({ spent }) => spent))
      const now = await processes[0].spend(key, 0)
      expect([now.usesLeft, now.limits[0]?.remaining]).toEqual([45 - mine, 100 - mine])
    }
  })

  it('runs one script for the equal requests of one turn', async () => {
    const redis = await connected()
    const budgets = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn()))
    const key = aKey()
    await budgets.spend(key)
    const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1])
    const before = await calls()
    await Promise.all(Array.from({ length: 100 }, () => budgets.spend(key)))
    // One for the key and one for its owner; other tests may ask the same server meanwhile.
    expect((await calls()) - before).toBeLessThan(20)
  })

  it('sends the script again to a Redis that has lost it', async () => {
    const redis = await connected()
    const budgets = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn()))
    const key = aKey({ rateLimits: [limited(5, 60, 5)] })
    await budgets.spend(key)
    await redis.script('FLUSH')
    const spent = await Promise.all(Array.from({ length: 9 }, () => budgets.spend(key)))
    expect(granted(spent)).toBe(4)
  })

  it('keeps nothing without an end, and of a rate a minute or until it is whole', async () => {
    const [redis, prefix] = [await connected(), prefixOfItsOwn()]
    const budgets = redisKeyBudgets(optionsOn(redis, prefix))
    const [plain, counted] = [aKey(), aKey({ uses: { limit: 5, refill: 'DAILY', issue: 1 } })]
    for (const key of [plain, counted]) await budgets.spend(key)
    const keys = await redis.keys(`${prefix}*`)
    expect(keys.length).toBeGreaterThanOrEqual(4)
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0)
    expect(await redis.pttl(budgetKey(prefix, plain))).toBeLessThanOrEqual(60_000)
  })

  it('is UNAVAILABLE within half a second when Redis falls silent, also between its two steps', async () => {
    for (const answersBefore of [0, 1]) {
      const way = await openWayThatFallsSilent(server?.url ?? '', answersBefore)
      const redis = openRedis(way.url)
      await redis.connect()
      const budgets = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn()))
      way.watch()
      const startedMs = performance.now()
      await expect(budgets.spend(aKey())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(performance.now() - startedMs).toBeLessThan(500)
      redis.disconnect()
      way.close()
    }
  })

  it('gives back what nobody was served for, when Redis falls silent between its two steps', async () => {
    const way = await openWayThatFallsSilent(server?.url ?? '', 1)
    const [behind, redis, prefix] = [openRedis(way.url), await connected(), prefixOfItsOwn()]
    await behind.connect()
    const [budgets, other] = [behind, redis].map((each) => redisKeyBudgets(optionsOn(each, prefix)))
    const key = aKey({ uses: { limit: 9, refill: 'NEVER', issue: 1 } })
    await other?.spend(key)
    way.watch()
    const lost = await Promise.allSettled([budgets?.spend(key), budgets?.spend(key)])
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect.poll(async () => (await other?.spend(key, 0))?.usesLeft).toBe(8)
    behind.disconnect()
    way.close()
  })

  it('is UNAVAILABLE without a connection, at once, and grants nothing', async () => {
    const redis = await connected()
    redis.disconnect()
    const startedMs = performance.now()
    const spend = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn())).spend(aKey())
    await expect(spend).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(performance.now() - startedMs).toBeLessThan(500)
  })
})
