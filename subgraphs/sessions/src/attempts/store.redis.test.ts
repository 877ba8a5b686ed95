import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { attemptStoreContract } from './store.contract.ts'
import { redisAttemptStore } from './store.redis.ts'

describe.skipIf(!hasRedis)('attempt counters in Redis', () => {
  let here: RedisFixture
  let there: RedisFixture
  beforeAll(async () => {
    here = await connectRedis()
    there = await connectRedis(here.prefix)
  })
  afterAll(() => Promise.all([here.redis.quit(), there.redis.quit()]))

  attemptStoreContract(() => redisAttemptStore(here))

  it('grant exactly as many tries as there are to two processes that ask at once', async () => {
    const stores = [redisAttemptStore(here), redisAttemptStore(there)]
    const policy = { max: 10, windowMs: 60_000 }
    const asked = Array.from({ length: 200 }, (_, turn) =>
      stores[turn % 2]?.take('shared', { id: `${turn}`, place: '', atMs: 1_000 }, policy, []),
    )
    expect((await Promise.all(asked)).filter((verdict) => verdict?.outcome === 'granted')).toHaveLength(10)
  })

  it('are kept no longer than a quarter of an hour when nothing is left of them', async () => {
    const store = redisAttemptStore(here)
    const endsInMs = () => here.redis.pttl(`${here.prefix}attempts:{empty}`)
    const policy = { max: 10, windowMs: 86_400_000 }
    for (const id of ['one', 'other']) await store.take('empty', { id, place: '', atMs: Date.now() }, policy, [])
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
    const asked = { id: 'a', place: 'b', atMs: 0 }
    const take = redisAttemptStore(gone).take('c', asked, { max: 10, windowMs: 60_000 }, [])
    await expect(take).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
