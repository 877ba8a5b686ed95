import { dayMs } from '@latchkey/clock'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { redisRefreshStore } from '../tokens/store.redis.ts'
import { sessionStoreContract } from './store.contract.ts'
import { redisSessionStore } from './store.redis.ts'

describe.skipIf(!hasRedis)('sessions in Redis', () => {
  let here: RedisFixture
  beforeAll(async () => {
    here = await connectRedis()
  })
  afterAll(() => here.redis.quit())

  const openStore = () => redisSessionStore({ ...here, records: redisCredentialRecords(here) })
  sessionStoreContract(() => ({
    store: openStore(),
    records: redisCredentialRecords(here),
    refresh: redisRefreshStore(here),
  }))

  it('end by themselves, index and all', async () => {
    expect(await here.redis.keys(`${here.prefix}*`)).not.toHaveLength(0)
    expect(await keysWithoutEnd(here)).toEqual([])
  })

  it('are read in two steps for any number of users: the indexes, then the sessions', async () => {
    const store = openStore()
    const users = Array.from({ length: 20 }, (_, turn) => `usr_${turn}`)
    const nowMs = Date.now()
    const times = { authTimeMs: nowMs, createdAtMs: nowMs, lastSeenAtMs: nowMs, endsAtMs: nowMs + 30 * dayMs }
    const terms = { idleMs: dayMs, absoluteMs: 30 * dayMs, perUserMax: 100 }
    for (const userId of users) {
      const session = {
        sessionId: `ses_${userId}`,
        userId,
        amr: ['pwd'],
        acr: 'aal1',
        device: 'test',
        ...times,
      } as const
      await store.add(session, terms)
    }
    const write = vi.spyOn(here.redis.stream, 'write')
    const lists = await Promise.all(users.map((userId) => store.ofUser(userId, 100)))
    expect(lists.flat()).toHaveLength(20)
    expect(write).toHaveBeenCalledTimes(2)
    write.mockRestore()
  })

  it('are UNAVAILABLE when Redis is not there', async () => {
    const gone = await connectRedis()
    gone.redis.disconnect()
    const store = redisSessionStore({ ...gone, records: redisCredentialRecords(gone) })
    const unavailable = { code: 'UNAVAILABLE' }
    await expect(store.byId('ses_any')).rejects.toMatchObject(unavailable)
    await expect(store.ofUser('usr_any', 100)).rejects.toMatchObject(unavailable)
    await expect(store.end({ sessionId: 'ses_any', userId: 'usr_any' })).rejects.toMatchObject(unavailable)
  })
})
