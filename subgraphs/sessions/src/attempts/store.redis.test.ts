import { clockAt } from '@latchkey/clock/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { attemptStoreContract } from './store.contract.ts'
import { redisAttemptStore } from './store.redis.ts'

async function timeOf({ redis }: RedisFixture): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
}

describe.skipIf(!hasRedis)('attempt counters in Redis', () => {
  let here: RedisFixture
  let there: RedisFixture
  let held: RedisFixture
  const clock = clockAt('2030-01-01T00:00:00Z')
  beforeAll(async () => {
    here = await connectRedis()
    there = await connectRedis(here)
    held = await connectRedis({ clock })
  })
  afterAll(() => Promise.all([here, there, held].map(({ redis }) => redis.quit())))

  attemptStoreContract(() => redisAttemptStore(held), clock)

  it('are timed by Redis, and by nobody who asks', async () => {
    const store = redisAttemptStore(here)
    const policy = { max: 1, windowMs: 60_000 }
    const [beforeMs, verdict, afterMs] = [
      await timeOf(here),
      await store.take('timed', { id: 'a', place: '' }, policy),
      await timeOf(here),
    ]
    const atMs = verdict.outcome === 'unknown' ? verdict.atMs : expect.fail('it is known')
    expect(atMs).toBeGreaterThanOrEqual(beforeMs)
    expect(atMs).toBeLessThanOrEqual(afterMs)
    expect(await store.take('timed', { id: 'a', place: '' }, policy, [])).toMatchObject({ outcome: 'granted' })
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] })
    const ahead = await store.take('timed', { id: 'b', place: '' }, policy)
    vi.useRealTimers()
    expect(ahead).toMatchObject({ outcome: 'denied' })
    expect(ahead.outcome === 'denied' && ahead.retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  it('grant exactly as many tries as there are to two processes that ask at once', async () => {
    const stores = [redisAttemptStore(here), redisAttemptStore(there)]
    const policy = { max: 10, windowMs: 60_000 }
    const asked = Array.from({ length: 200 }, (_, turn) =>
      stores[turn % 2]?.take('shared', { id: `${turn}`, place: '' }, policy, []),
    )
    expect((await Promise.all(asked)).filter((verdict) => verdict?.outcome === 'granted')).toHaveLength(10)
  })

  it('are kept no longer than a quarter of an hour when nothing is left of them', async () => {
    const store = redisAttemptStore(here)
    const endsInMs = () => here.redis.pttl(`${here.prefix}attempts:{empty}`)
    const policy = { max: 10, windowMs: 86_400_000 }
    for (const id of ['one', 'other']) await store.take('empty', { id, place: '' }, policy, [])
    await store.giveBack('empty', { id: 'one', place: '' })
    expect(await endsInMs()).toBeGreaterThan(900_000)
    await store.forget('empty', '')
    expect(await endsInMs()).toBeLessThanOrEqual(900_000)
  })

  it('end by themselves', async () => {
    expect(await here.redis.keys(`${here.prefix}*`)).not.toHaveLength(0)
    expect(await keysWithoutEnd(here)).toEqual([])
  })

  it('answer UNAVAILABLE, and never with a try, when Redis is not there', async () => {
    const gone = await connectRedis()
    gone.redis.disconnect()
    const asked = { id: 'a', place: 'b' }
    const take = redisAttemptStore(gone).take('c', asked, { max: 10, windowMs: 60_000 }, [])
    await expect(take).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
