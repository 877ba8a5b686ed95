import { setTimeout as pause } from 'node:timers/promises'
import { dayMs, hourMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { refreshStoreContract } from './store.contract.ts'
import { redisRefreshStore } from './store.redis.ts'

describe.skipIf(!hasRedis)('refresh state in Redis', () => {
  let here: RedisFixture
  let held: RedisFixture
  const clock = clockAt('2030-01-01T00:00:00Z')
  beforeAll(async () => {
    here = await connectRedis()
    held = await connectRedis({ clock })
  })
  afterAll(() => Promise.all([here, held].map(({ redis }) => redis.quit())))

  refreshStoreContract(() => ({ store: redisRefreshStore(held), records: redisCredentialRecords(held) }), clock)

  it('counts the grace by Redis, whatever the time is with who exchanges and who repeats', async () => {
    const store = redisRefreshStore(here)
    const exchange = (counter: number, nowMs: number) =>
      store.rotate({ sessionId: 'clocks', counter }, { nowMs, graceMs: 1 })
    const nowMs = Date.now()
    await store.begin({ sessionId: 'clocks', userId: 'usr_ada', endsAtMs: nowMs + dayMs }, nowMs)
    expect(await exchange(1, nowMs + hourMs)).toMatchObject({ outcome: 'rotated' })
    await pause(20)
    expect(await exchange(1, nowMs - hourMs)).toMatchObject({ outcome: 'reused' })
  })

  it('ends by itself', async () => {
    expect(await held.redis.keys(`${held.prefix}*`)).not.toHaveLength(0)
    expect(await keysWithoutEnd(held)).toEqual([])
  })

  it('is UNAVAILABLE when Redis is not there', async () => {
    const gone = await connectRedis()
    gone.redis.disconnect()
    const rotation = redisRefreshStore(gone).rotate({ sessionId: 'any', counter: 1 }, { nowMs: 0, graceMs: 0 })
    await expect(rotation).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
