import { dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { redisCredentialRecords, sessionKey } from '@latchkey/principal/credential-records.redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectRedis, hasRedis, keysWithoutEnd, type RedisFixture } from '../redis.fixture.ts'
import { redisRefreshStore } from '../tokens/store.redis.ts'
import { sessionStoreContract } from './store.contract.ts'
import { redisSessionStore } from './store.redis.ts'

describe.skipIf(!hasRedis)('sessions in Redis', () => {
  let here: RedisFixture
  let held: RedisFixture
  beforeAll(async () => {
    here = await connectRedis()
    held = await connectRedis({ prefix: here.prefix, clock: clockAt('2030-01-01T00:00:00Z') })
  })
  afterAll(() => Promise.all([here, held].map(({ redis }) => redis.quit())))

  const openStore = (on = here) => redisSessionStore({ ...on, records: redisCredentialRecords(on) })
  sessionStoreContract(() => ({
    store: openStore(held),
    records: redisCredentialRecords(held),
    refresh: redisRefreshStore(held),
  }))

  it('end by themselves, index and all', async () => {
    expect(await here.redis.keys(`${here.prefix}*`)).not.toHaveLength(0)
    expect(await keysWithoutEnd(here)).toEqual([])
  })

  /** Sessions of one user, begun now; `device` may be of any length. */
  async function begun(userId: string, count: number, { device = 'test', lifetimeMs = 30 * dayMs } = {}) {
    const store = openStore()
    const nowMs = Date.now()
    const times = { authTimeMs: nowMs, createdAtMs: nowMs, lastSeenAtMs: nowMs, endsAtMs: nowMs + lifetimeMs }
    const sessionIds = Array.from({ length: count }, (_, turn) => `ses_${userId}_${turn}`)
    for (const sessionId of sessionIds)
      await store.add({ sessionId, userId, amr: ['pwd'], acr: 'aal1', device, ...times })
    return { store, sessionIds, nowMs }
  }

  it('outlast their end by no proof of a process that is behind', async () => {
    const { store, sessionIds, nowMs } = await begun('usr_proving', 1, { lifetimeMs: minuteMs })
    const [sessionId = ''] = sessionIds
    await redisRefreshStore(here).begin({ sessionId, userId: 'usr_proving', endsAtMs: nowMs + minuteMs }, nowMs)
    const proof = { atMs: nowMs - hourMs, shown: { amr: ['pwd'] }, idleMs: dayMs }
    expect(await store.prove(sessionId, proof)).not.toBeNull()
    expect(await here.redis.pttl(sessionKey(here.prefix, sessionId))).toBeLessThanOrEqual(minuteMs)
  })

  it('are read in one step for any number of users, each their own', async () => {
    const users = Array.from({ length: 20 }, (_, turn) => `usr_${turn}`)
    for (const userId of users) await begun(userId, 1)
    const store = openStore()
    const write = vi.spyOn(here.redis.stream, 'write')
    const lists = await Promise.all(users.map((userId) => store.ofUser(userId, 100)))
    expect(lists.map((sessions) => sessions.map(({ userId }) => userId))).toEqual(users.map((userId) => [userId]))
    expect(write).toHaveBeenCalledTimes(1)
    write.mockRestore()
  })

  it('are listed as they are now, however often they were listed before', async () => {
    const { store, sessionIds, nowMs } = await begun('usr_often', 2)
    const [first = '', second = ''] = sessionIds
    const seen = async () =>
      (await store.ofUser('usr_often', 100)).map(({ sessionId, lastSeenAtMs }) => [sessionId, lastSeenAtMs])
    expect(await seen()).toEqual(await seen())
    const records = redisCredentialRecords(here)
    await records.touchSession(first, { atMs: nowMs + 1, network: null })
    expect(await seen()).toEqual([
      [second, nowMs],
      [first, nowMs + 1],
    ])
    await records.endSession(second)
    expect(await seen()).toEqual([[first, nowMs + 1]])
  })

  it('are listed whole when the list is long', async () => {
    const { store, sessionIds } = await begun('usr_long', 20, { device: 'x'.repeat(400) })
    const listed = async () => (await store.ofUser('usr_long', 100)).map(({ sessionId }) => sessionId)
    expect(await listed()).toHaveLength(20)
    expect(new Set(await listed())).toEqual(new Set(sessionIds))
  })

  it('leave the list for good when they ended by themselves', async () => {
    const { store, sessionIds } = await begun('usr_idle', 2)
    await redisCredentialRecords(here).endSession(sessionIds[0] ?? '')
    expect(await store.ofUser('usr_idle', 100)).toHaveLength(1)
    expect(await here.redis.zrevrange(`${here.prefix}sessions:{usr_idle}`, 0, -1)).toEqual(sessionIds.slice(1))
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
