import { systemEntropy as entropy, hourMs, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { redisCredentialRecords } from '../records/credential-records.redis.ts'
import { openRedis, type Redis } from '../redis.ts'
import { holdRedisTime } from '../testing.ts'
import { keepsWrongKeys } from './wrong-keys.contract.ts'
import { redisWrongKeys } from './wrong-keys.redis.ts'
import { wrongKeysIn } from './wrong-keys.ts'

const server = testRedis()

describe.skipIf(!server)('wrong keys in Redis', () => {
  const prefix = server?.prefix ?? ''
  const opened: Redis[] = []
  afterAll(() => {
    for (const redis of opened) redis.disconnect()
  })

  async function connected(): Promise<Redis> {
    const redis = openRedis(server?.url ?? '', storePatienceMs)
    await redis.connect()
    opened.push(redis)
    return redis
  }
  const clock = clockAt('2030-01-01T00:00:00Z')
  async function heldStore() {
    const redis = await connected()
    holdRedisTime(redis, clock)
    return redisWrongKeys({ redis, prefix, entropy })
  }

  // Two processes.
  keepsWrongKeys(async () => [await heldStore(), await heldStore()], clock)

  it('stop a network for as long as Redis says, whatever the time is with who asks', async () => {
    const store = redisWrongKeys({ redis: await connected(), prefix, entropy })
    const budget = wrongKeysIn(1)
    await store.charge('clocks', budget)
    for (const aheadMs of [hourMs, -hourMs]) {
      vi.useFakeTimers({ now: Date.now() + aheadMs, toFake: ['Date'] })
      const waits = [await store.stoppedForMs('clocks'), await store.charge('clocks', budget)]
      vi.useRealTimers()
      for (const waitMs of waits) {
        expect(waitMs).toBeGreaterThan(0)
        expect(waitMs).toBeLessThanOrEqual(10 * minuteMs)
      }
    }
  })

  it('end by themselves', async () => {
    const redis = await connected()
    const store = redisWrongKeys({ redis, prefix, entropy })
    await store.charge('n', wrongKeysIn(1))
    await store.welcome('n', 'Key1')
    const keys = [...(await redis.keys(`${prefix}wrong-keys*`)), ...(await redis.keys(`${prefix}welcome-key*`))]
    expect(keys.length).toBeGreaterThanOrEqual(3)
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0)
  })

  it('are read with the record of a key, in one command', async () => {
    const redis = await connected()
    const [store, records] = [redisWrongKeys({ redis, prefix, entropy }), redisCredentialRecords({ redis, prefix })]
    const commands = vi.spyOn(redis, 'sendCommand')
    await Promise.all([store.stoppedForMs('n2'), records.apiKey('Nobody000001')])
    expect(commands).toHaveBeenCalledTimes(1)
  })

  it('answer UNAVAILABLE, and never that a network may go on, when Redis is not there', async () => {
    const redis = await connected()
    const store = redisWrongKeys({ redis, prefix, entropy })
    redis.disconnect()
    const gone = { code: 'UNAVAILABLE' }
    await expect(store.stoppedForMs('n')).rejects.toMatchObject(gone)
    await expect(store.charge('n', wrongKeysIn(1))).rejects.toMatchObject(gone)
    await expect(store.isWelcome('n', 'k')).rejects.toMatchObject(gone)
  })
})
