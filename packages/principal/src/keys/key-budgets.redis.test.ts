import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { dayMs, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openRedis, type Redis } from '../redis.ts'
import { holdRedisTime } from '../testing.ts'
import { budgetTerms, periodOf } from './budget-terms.ts'
import { keepsBudgets } from './key-budgets.contract.ts'
import { aKey, granted, left, limited, usual } from './key-budgets.fixture.ts'
import { type RedisBudgetsOptions, redisKeyBudgets } from './key-budgets.redis.ts'
import { budgetKey, usesKey } from './spending-call.redis.ts'

const server = testRedis()

/** A way to Redis on which answers pass until it falls silent. */
async function openWayThatFallsSilent(url: string) {
  let isSilent = false
  const open = new Set<Socket>()
  const way = createServer((client) => {
    const { hostname, port } = new URL(url)
    const redis = connect(Number(port), hostname)
    for (const socket of [client, redis]) open.add(socket.on('error', () => {}))
    client.pipe(redis)
    redis.on('data', (answer) => {
      if (!isSilent) client.write(answer)
    })
  }).listen(0, '127.0.0.1')
  await once(way, 'listening')
  const { port } = way.address() as AddressInfo // a TCP server that listens
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href,
    fallSilent() {
      isSilent = true
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

  /** `wayUrl`: by a way that may fall silent, which is soon noticed. */
  async function connected(wayUrl?: string): Promise<Redis> {
    const redis = wayUrl === undefined ? openRedis(server?.url ?? '', storePatienceMs) : openRedis(wayUrl)
    await redis.connect()
    opened.push(redis)
    return redis
  }

  /** Where no time passes, but by a clock. */
  async function heldAt(clock = clockAt('2030-01-15T12:00:00Z'), wayUrl?: string): Promise<Redis> {
    const redis = await connected(wayUrl)
    holdRedisTime(redis, clock)
    return redis
  }

  const prefixOfItsOwn = () => testRedis()?.prefix ?? ''
  const optionsOn = (redis: Redis, prefix: string): RedisBudgetsOptions => ({
    ...{ redis, prefix, terms: usual, loadUsesSpent: async () => null },
  })
  const twoProcesses = async (over: Partial<RedisBudgetsOptions> = {}) => {
    const prefix = prefixOfItsOwn()
    const one = redisKeyBudgets({ ...optionsOn(await heldAt(), prefix), ...over })
    const other = redisKeyBudgets({ ...optionsOn(await heldAt(), prefix), ...over })
    return [one, other] as const
  }

  keepsBudgets(async ({ clock, ...arranged }) => {
    const [redis, prefix] = [await heldAt(clock), prefixOfItsOwn()]
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
    // In waves, so that some ask while others are answered.
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

  it('are whole again when Redis says so, whatever the time is with who asks', async () => {
    const prefix = prefixOfItsOwn()
    const budgets = redisKeyBudgets(optionsOn(await connected(), prefix))
    const slow = aKey({ rateLimits: [limited(1, 30 * 86_400, 1)] })
    const counted = aKey({ uses: { limit: 1, refill: 'MONTHLY', issue: 1 } })
    for (const key of [slow, counted]) expect((await budgets.spend(key)).outcome).toBe('SPENT')
    for (const aheadMs of [40 * dayMs, -40 * dayMs]) {
      vi.useFakeTimers({ now: Date.now() + aheadMs, toFake: ['Date'] })
      const answers = [await budgets.spend(slow), await budgets.spend(counted)]
      vi.useRealTimers()
      expect(answers.map(({ outcome }) => outcome)).toEqual(['RATE_LIMITED', 'USAGE_EXCEEDED'])
      for (const { retryAfterMs = 0 } of answers) {
        expect(retryAfterMs).toBeGreaterThan(0)
        expect(retryAfterMs).toBeLessThanOrEqual(31 * dayMs)
      }
    }
  })

  it('count uses from where `periodOf` has the day and the month begin, in any year', async () => {
    const clock = clockAt('1970-01-01T00:00:00Z')
    const [redis, prefix] = [await heldAt(clock), prefixOfItsOwn()]
    const budgets = redisKeyBudgets(optionsOn(redis, prefix))
    for (let turn = 0; turn < 300; turn++) {
      for (const refill of ['DAILY', 'MONTHLY'] as const) {
        const key = aKey({ uses: { limit: 1, refill, issue: 1 } })
        await budgets.spend(key)
        const begun = Number(await redis.hget(usesKey(prefix, key.keyId), 'period'))
        expect(begun, clock.now().toISOString()).toBe(periodOf(refill, clock.now().getTime()).startedAtMs)
      }
      // Past the ends of months, leap days and centuries.
      clock.advance((turn % 3 === 0 ? 487 : 15) * dayMs + 977 * minuteMs)
    }
  })

  it('runs one script for all that is spent in one turn', async () => {
    const redis = await connected()
    const budgets = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn()))
    const keys = Array.from({ length: 100 }, () => aKey())
    await Promise.all(keys.map((key) => budgets.spend(key)))
    const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1])
    const before = await calls()
    await Promise.all([...keys, ...keys].map((key) => budgets.spend(key)))
    // One; other tests may ask the same server meanwhile.
    expect((await calls()) - before).toBeLessThan(20)
  })

  it('decides over more than one script takes as over one', async () => {
    const terms = budgetTerms({ key: { perMinute: 60, burst: 3 }, owner: { perMinute: 1, burst: 500 } })
    const budgets = redisKeyBudgets({ ...optionsOn(await heldAt(), prefixOfItsOwn()), terms })
    const keys = Array.from({ length: 300 }, () => aKey({}, 'usr_of_many'))
    const spent = await Promise.all(keys.flatMap((key) => [budgets.spend(key), budgets.spend(key)]))
    expect(granted(spent)).toBe(500)
    expect(spent.slice(0, 500).every(({ outcome }) => outcome === 'SPENT')).toBe(true)
  })

  it('sends the script again to a Redis that has lost it', async () => {
    const redis = await connected()
    const budgets = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn()))
    const key = aKey({ rateLimits: [limited(5, 86_400, 5)] })
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
    expect(await redis.pttl(budgetKey(prefix, plain.keyId))).toBeLessThanOrEqual(60_000)
  })

  it('is UNAVAILABLE when Redis falls silent, and a lost answer makes no balance too large', async () => {
    const way = await openWayThatFallsSilent(server?.url ?? '')
    const [behind, redis, prefix] = [await heldAt(undefined, way.url), await heldAt(), prefixOfItsOwn()]
    const [budgets, other] = [redisKeyBudgets(optionsOn(behind, prefix)), redisKeyBudgets(optionsOn(redis, prefix))]
    const key = aKey({ uses: { limit: 9, refill: 'NEVER', issue: 1 } })
    await budgets.spend(key)
    way.fallSilent()
    await expect(budgets.spend(key)).rejects.toMatchObject({ code: 'UNAVAILABLE', detail: 'redis: it answers late' })
    const after = await other.spend(key, 0)
    expect([after.usesLeft, left(after)]).toEqual([7, { default: 98, owner: 998 }])
    // What was spent is marked in the same step, so that it is written down though nobody heard of it.
    expect(await other.unwritten(10)).toMatchObject([{ keyId: key.keyId, spent: 2 }])
    behind.disconnect()
    way.close()
  })

  it('is UNAVAILABLE without a connection, at once, and grants nothing', async () => {
    const redis = await connected()
    redis.disconnect()
    const spend = redisKeyBudgets(optionsOn(redis, prefixOfItsOwn())).spend(aKey())
    await expect(spend).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringMatching(/isn't writeable|is closed/),
    })
  })
})
