import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { refreshStoreContract } from './store.contract.ts'
import { redisRefreshStore } from './store.redis.ts'

describe.skipIf(!hasRedis)('refresh state in Redis', () => {
  let here: RedisFixture
  beforeAll(async () => {
    here = await connectRedis()
  })
  afterAll(() => here.redis.quit())

  refreshStoreContract(() => ({ store: redisRefreshStore(here), records: redisCredentialRecords(here) }))

  it('ends by itself', async () => {
    expect(await here.redis.keys(`${here.prefix}*`)).not.toHaveLength(0)
    expect(await keysWithoutEnd(here)).toEqual([])
  })

  it('is UNAVAILABLE when Redis is not there', async () => {
    const gone = await connectRedis()
    gone.redis.disconnect()
    const rotation = redisRefreshStore(gone).rotate({ sessionId: 'any', counter: 1 }, { nowMs: 0, graceMs: 0 })
    await expect(rotation).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
