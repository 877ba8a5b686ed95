import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { pendingStoreContract } from './store.contract.ts'
import { redisPendingStore } from './store.redis.ts'

describe.skipIf(!hasRedis)('pending sign-ins in Redis', () => {
  let here: RedisFixture
  let there: RedisFixture
  let turn = 0
  beforeAll(async () => {
    here = await connectRedis()
    there = await connectRedis(here)
  })
  afterAll(() => Promise.all([here.redis.quit(), there.redis.quit()]))

  // Every call by another process.
  pendingStoreContract(() => redisPendingStore(turn++ % 2 ? here : there))

  it('end by themselves', async () => {
    expect(await here.redis.keys(`${here.prefix}*`)).not.toHaveLength(0)
    expect(await keysWithoutEnd(here)).toEqual([])
  })

  it('answer UNAVAILABLE, and never with a try, when Redis is not there', async () => {
    const gone = await connectRedis()
    gone.redis.disconnect()
    await expect(redisPendingStore(gone).takeTry('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(redisPendingStore(gone).byId('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
