import { systemEntropy as entropy } from '@latchkey/clock'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { redisCredentialRecords } from '../records/credential-records.redis.ts'
import { openRedis, type Redis } from '../redis.ts'
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
  const aStore = async () => redisWrongKeys({ redis: await connected(), prefix, entropy })

  // Two processes.
  keepsWrongKeys(async () => [await aStore(), await aStore()], Date.now)

  it('end by themselves', async () => {
    const redis = await connected()
    const store = redisWrongKeys({ redis, prefix, entropy })
    await store.charge('n', Date.now(), wrongKeysIn(1))
    await store.welcome('n', 'Key1', Date.now())
    const keys = [...(await redis.keys(`${prefix}wrong-keys*`)), ...(await redis.keys(`${prefix}welcome-key*`))]
    expect(keys.length).toBeGreaterThanOrEqual(3)
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0)
  })

  it('are read with the record of a key, in one command', async () => {
    const redis = await connected()
    const [store, records] = [redisWrongKeys({ redis, prefix, entropy }), redisCredentialRecords({ redis, prefix })]
    const commands = vi.spyOn(redis, 'sendCommand')
    await Promise.all([store.stoppedUntilMs('n2'), records.apiKey('Nobody000001')])
    expect(commands).toHaveBeenCalledTimes(1)
  })

  it('answer UNAVAILABLE, and never that a network may go on, when Redis is not there', async () => {
    const redis = await connected()
    const store = redisWrongKeys({ redis, prefix, entropy })
    redis.disconnect()
    const gone = { code: 'UNAVAILABLE' }
    await expect(store.stoppedUntilMs('n')).rejects.toMatchObject(gone)
    await expect(store.charge('n', 0, wrongKeysIn(1))).rejects.toMatchObject(gone)
    await expect(store.isWelcome('n', 'k', 0)).rejects.toMatchObject(gone)
  })
})
